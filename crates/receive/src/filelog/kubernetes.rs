//! What the path of a container's file tells of it: `/var/log/pods/NAMESPACE_POD_UID/CONTAINER/RESTARTS.log`.

use std::path::Path;

/// Attributes of the resource, or none when the path has another form.
pub(super) fn resource(path: &Path) -> Vec<(String, String)> {
    told(path).unwrap_or_default()
}

fn told(path: &Path) -> Option<Vec<(String, String)>> {
    let mut parts = path.iter().rev().map(|part| part.to_str().unwrap_or_default());
    let restarts = parts.next()?.split_once(".log")?.0;
    let (container, pod) = (parts.next()?, parts.next()?);
    if parts.next()? != "pods" || restarts.is_empty() || !restarts.bytes().all(|b| b.is_ascii_digit()) {
        return None;
    }
    let (namespace, rest) = pod.split_once('_')?;
    let (name, uid) = rest.rsplit_once('_')?;
    let pairs = [
        ("k8s.namespace.name", namespace),
        ("k8s.pod.name", name),
        ("k8s.pod.uid", uid),
        ("k8s.container.name", container),
        ("k8s.container.restart_count", restarts),
        // As for every other intake of containers' logs.
        ("service.name", container),
    ];
    Some(pairs.map(|(key, value)| (key.to_owned(), value.to_owned())).to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_tell_of_pods() {
        let told = resource(Path::new("/var/log/pods/shop_cart-7d4b_49cc7c1f-d370-4ff5-9f1d-2b7f4a3d8b1a/web/2.log"));
        let told: Vec<_> = told.iter().map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(
            told,
            [
                "k8s.namespace.name=shop",
                "k8s.pod.name=cart-7d4b",
                "k8s.pod.uid=49cc7c1f-d370-4ff5-9f1d-2b7f4a3d8b1a",
                "k8s.container.name=web",
                "k8s.container.restart_count=2",
                "service.name=web",
            ]
        );
        for path in ["/var/log/nginx/access.log", "0.log", "/pods/a/b/0.log", "/var/log/pods/a_b_c/d/x.log", "/pods/a_b_c/d/.log"]
        {
            assert_eq!(resource(Path::new(path)), [], "{path}");
        }
    }
}
