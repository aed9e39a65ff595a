//! Targets from DNS: addresses, services, mail and name servers.

use std::net::IpAddr;
use std::time::Duration;

use hickory_resolver::TokioResolver;
use hickory_resolver::proto::rr::{RData, RecordType};
use tokio::sync::mpsc;

use super::Update;
use crate::config::DnsKind;
use crate::relabel::Labels;

pub(super) async fn run(
    source: String,
    names: Vec<String>,
    kind: DnsKind,
    port: u16,
    refresh: Duration,
    updates: mpsc::Sender<Update>,
) {
    loop {
        // The system's settings may change while the server runs.
        let resolver = TokioResolver::builder_tokio().and_then(hickory_resolver::ResolverBuilder::build);
        match resolver {
            Ok(resolver) => {
                for name in &names {
                    match look_up(&resolver, name, kind, port).await {
                        Ok(targets) => {
                            let update = Update { source: format!("{source}:{name}"), targets };
                            if updates.send(update).await.is_err() {
                                return;
                            }
                        }
                        Err(reason) => tracing::warn!(name, reason, "targets were not found in DNS"),
                    }
                }
            }
            Err(error) => tracing::warn!(%error, "DNS cannot be asked"),
        }
        tokio::time::sleep(refresh).await;
    }
}

async fn look_up(resolver: &TokioResolver, name: &str, kind: DnsKind, port: u16) -> Result<Vec<Labels>, String> {
    let record_type = match kind {
        DnsKind::A => RecordType::A,
        DnsKind::Aaaa => RecordType::AAAA,
        DnsKind::Srv => RecordType::SRV,
        DnsKind::Mx => RecordType::MX,
        DnsKind::Ns => RecordType::NS,
    };
    match resolver.lookup(name, record_type).await {
        Ok(found) => Ok(found.answers().iter().filter_map(|record| target(&record.data, name, kind, port)).collect()),
        // That there is none is an answer.
        Err(error) if error.is_no_records_found() => Ok(Vec::new()),
        Err(error) => Err(error.to_string()),
    }
}

/// The target a record stands for.
fn target(data: &RData, name: &str, kind: DnsKind, port: u16) -> Option<Labels> {
    let (address, meta) = match (kind, data) {
        (DnsKind::A, RData::A(a)) => (host_port(IpAddr::V4(a.0), port), Vec::new()),
        (DnsKind::Aaaa, RData::AAAA(a)) => (host_port(IpAddr::V6(a.0), port), Vec::new()),
        (DnsKind::Srv, RData::SRV(srv)) => {
            let (target, own) = (srv.target.to_string(), srv.port.to_string());
            let address = format!("{}:{own}", target.trim_end_matches('.'));
            (address, vec![("__meta_dns_srv_record_target", target), ("__meta_dns_srv_record_port", own)])
        }
        (DnsKind::Mx, RData::MX(mx)) => named(&mx.exchange.to_string(), port, "__meta_dns_mx_record_target"),
        (DnsKind::Ns, RData::NS(ns)) => named(&ns.0.to_string(), port, "__meta_dns_ns_record_target"),
        _ => return None,
    };
    let mut labels: Labels = meta.into_iter().map(|(name, value)| (name.to_owned(), value)).collect();
    labels.insert("__address__".to_owned(), address);
    labels.insert("__meta_dns_name".to_owned(), name.to_owned());
    Some(labels)
}

fn named(target: &str, port: u16, label: &'static str) -> (String, Vec<(&'static str, String)>) {
    (format!("{}:{port}", target.trim_end_matches('.')), vec![(label, target.to_owned())])
}

fn host_port(address: IpAddr, port: u16) -> String {
    std::net::SocketAddr::new(address, port).to_string()
}

#[cfg(test)]
mod tests {
    use hickory_resolver::proto::rr::Name;
    use hickory_resolver::proto::rr::rdata::{A, AAAA, MX, NS, SRV};

    use super::*;

    #[test]
    fn records_become_targets() {
        let host = || Name::from_ascii("h.example.").expect("a name");
        let cases = [
            (DnsKind::A, RData::A(A::new(10, 0, 0, 1)), "10.0.0.1:80", None),
            (DnsKind::Aaaa, RData::AAAA(AAAA::new(1, 0, 0, 0, 0, 0, 0, 2)), "[1::2]:80", None),
            (
                DnsKind::Srv,
                RData::SRV(SRV::new(1, 2, 9100, host())),
                "h.example:9100",
                Some(("__meta_dns_srv_record_target", "h.example.")),
            ),
            (DnsKind::Mx, RData::MX(MX::new(1, host())), "h.example:80", Some(("__meta_dns_mx_record_target", "h.example."))),
            (DnsKind::Ns, RData::NS(NS(host())), "h.example:80", Some(("__meta_dns_ns_record_target", "h.example."))),
        ];
        for (kind, data, address, meta) in cases {
            let labels = target(&data, "name", kind, 80).expect("a target");
            assert_eq!(labels["__address__"], address);
            assert_eq!(labels["__meta_dns_name"], "name");
            assert!(meta.is_none_or(|(name, value)| labels[name] == value), "{labels:?}");
        }
        assert_eq!(target(&RData::A(A::new(1, 1, 1, 1)), "name", DnsKind::Srv, 80), None);
    }
}
