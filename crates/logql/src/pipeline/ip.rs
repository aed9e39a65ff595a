//! Addresses in texts: `ip("10.0.0.0/8")`.

use std::net::IpAddr;

/// A set of addresses: one, a network, or all between two.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct IpFilter {
    text: String,
    first: IpAddr,
    last: IpAddr,
}

impl IpFilter {
    /// Reads `192.168.0.1`, `192.168.0.0/16` or `192.168.0.1-192.168.0.9`, and the same of version 6.
    pub fn new(text: &str) -> Result<Self, String> {
        let (first, last) = read(text).ok_or_else(|| format!("ip: invalid pattern: {text:?}"))?;
        Ok(Self { text: text.to_owned(), first, last })
    }

    /// As it was written.
    pub fn text(&self) -> &str {
        &self.text
    }

    /// Whether an address is among them.
    pub fn contains(&self, address: IpAddr) -> bool {
        // Addresses of version 4 sort before those of version 6.
        self.first <= address && address <= self.last && self.first.is_ipv4() == address.is_ipv4()
    }

    /// Whether a text has any of the addresses in it.
    pub fn is_found_in(&self, text: &str) -> bool {
        let bytes = text.as_bytes();
        let mut at = 0;
        while at < bytes.len() {
            let rest = &bytes[at..];
            let is_part: fn(&u8) -> bool = if begins_v4(rest) {
                |b| b.is_ascii_digit() || *b == b'.'
            } else if begins_v6(rest) {
                |b| b.is_ascii_hexdigit() || *b == b':' || *b == b'.'
            } else {
                at += 1;
                continue;
            };
            let length = rest.iter().take_while(|b| is_part(b)).count();
            let found = text.get(at..at + length).and_then(|part| part.parse().ok());
            if found.is_some_and(|address| self.contains(address)) {
                return true;
            }
            at += length + 1;
        }
        false
    }
}

fn read(text: &str) -> Option<(IpAddr, IpAddr)> {
    if let Ok(address) = text.parse() {
        return Some((address, address));
    }
    if let Some((address, bits)) = text.split_once('/') {
        return network(address.parse().ok()?, bits.parse().ok()?);
    }
    let (first, last) = text.split_once('-')?;
    let (first, last): (IpAddr, IpAddr) = (first.trim().parse().ok()?, last.trim().parse().ok()?);
    (first <= last && first.is_ipv4() == last.is_ipv4()).then_some((first, last))
}

fn network(address: IpAddr, bits: u32) -> Option<(IpAddr, IpAddr)> {
    match address {
        IpAddr::V4(address) => {
            let host = u32::MAX.checked_shr(bits).unwrap_or(0);
            let first = address.to_bits() & !host;
            (bits <= 32).then(|| (IpAddr::V4(first.into()), IpAddr::V4((first | host).into())))
        }
        IpAddr::V6(address) => {
            let host = u128::MAX.checked_shr(bits).unwrap_or(0);
            let first = address.to_bits() & !host;
            (bits <= 128).then(|| (IpAddr::V6(first.into()), IpAddr::V6((first | host).into())))
        }
    }
}

/// A digit with a dot in one of the next three places.
fn begins_v4(text: &[u8]) -> bool {
    text.len() > 3 && text[0].is_ascii_digit() && text[1..4].contains(&b'.')
}

/// Up to four hexadecimal digits with a colon behind, or two colons.
fn begins_v6(text: &[u8]) -> bool {
    if text.len() < 5 {
        return text.starts_with(b"::") && text.len() > 2;
    }
    let digits = text.iter().take(4).take_while(|b| b.is_ascii_hexdigit()).count();
    (digits > 0 && text[digits] == b':') || (text.starts_with(b"::") && text[2].is_ascii_hexdigit())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_found_in_lines() {
        let cases = [
            ("192.168.0.1", "from 192.168.0.1:80 to", true),
            ("192.168.0.1", "from 192.168.0.10", false),
            ("192.168.0.0/16", "a=192.168.4.5 b", true),
            ("192.168.0.0/16", "192.169.4.5", false),
            ("192.168.0.1-192.168.0.9", "x 192.168.0.9", true),
            ("192.168.0.1-192.168.0.9", "x 192.168.0.10", false),
            ("10.0.0.0/8", "no address, 1.2 or 3", false),
            ("2001:db8::/32", "client 2001:db8::5 said", true),
            ("2001:db8::/32", "client 2001:db9::5 said", false),
            ("::1", "at ::1", true),
            ("0.0.0.0/0", "any 8.8.8.8", true),
            ("0.0.0.0/0", "2001:db8::1", false),
        ];
        for (filter, text, found) in cases {
            assert_eq!(IpFilter::new(filter).unwrap().is_found_in(text), found, "{filter} in {text}");
        }
        for text in ["", "x", "1.2.3", "10.0.0.0/33", "10.0.0.9-10.0.0.1", "::1-1.2.3.4"] {
            assert!(IpFilter::new(text).is_err(), "{text}");
        }
    }
}
