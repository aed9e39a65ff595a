//! The query string of a request, with every value of a name.

/// Names and values in the order they were sent.
#[derive(Debug, Clone, Default, serde::Deserialize)]
#[serde(transparent)]
pub struct Parameters(Vec<(String, String)>);

impl Parameters {
    /// Names and values in this order.
    pub fn new(pairs: Vec<(String, String)>) -> Self {
        Self(pairs)
    }

    /// The first value of a name; an empty one counts as not sent.
    pub fn first(&self, name: &str) -> Option<&str> {
        self.all(name).next().filter(|value| !value.is_empty())
    }

    /// The first value under any of several names, and that name.
    pub fn first_of<'n>(&self, names: &[&'n str]) -> Option<(&'n str, &str)> {
        names.iter().find_map(|name| self.first(name).map(|value| (*name, value)))
    }

    /// Every value of a name.
    pub fn all(&self, name: &str) -> impl Iterator<Item = &str> {
        self.0.iter().filter(move |(known, _)| known == name).map(|(_, value)| value.as_str())
    }
}

#[cfg(test)]
impl Parameters {
    /// The parameters of a query string.
    pub fn of(query: &str) -> Self {
        let uri = format!("/?{query}").parse().expect("a query string");
        axum::extract::Query::try_from_uri(&uri).expect("names and values").0
    }
}

#[cfg(test)]
mod tests {
    use super::Parameters;

    #[test]
    fn names_may_come_often() {
        let parameters = Parameters::of("a=1&b=&a=x%20y%2B+z&c");
        assert_eq!(parameters.all("a").collect::<Vec<_>>(), ["1", "x y+ z"]);
        assert_eq!(parameters.first("a"), Some("1"));
        assert_eq!((parameters.first("b"), parameters.first("c"), parameters.first("d")), (None, None, None));
        assert_eq!(parameters.first_of(&["d", "b", "a"]), Some(("a", "1")));
    }
}
