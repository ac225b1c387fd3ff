//! IP networks: `10.0.0.0/8`, `2001:db8::/32`, or a single address.

use std::net::IpAddr;

/// A network in CIDR notation.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct Network {
    address: IpAddr,
    bits: u8,
}

impl Network {
    /// Reads `address/bits` or an address; bits past the prefix do not matter.
    pub fn parse(text: &str) -> Option<Network> {
        let (address, bits) = match text.split_once('/') {
            Some((address, bits)) => (address.parse::<IpAddr>().ok()?, Some(bits)),
            None => (text.parse::<IpAddr>().ok()?, None),
        };
        let widest = if address.is_ipv4() { 32 } else { 128 };
        let bits = match bits {
            Some(bits) if !bits.is_empty() && bits.bytes().all(|byte| byte.is_ascii_digit()) => bits.parse().ok()?,
            Some(_) => return None,
            None => widest,
        };
        (bits <= widest).then_some(Network { address, bits })
    }

    /// Whether the text is an address in the network. An IPv4 address written as IPv6 (`::ffff:192.0.2.1`) counts as IPv4.
    pub fn holds(&self, text: &str) -> bool {
        // Host names are the common case; they fail here without being parsed.
        if !text.bytes().all(|byte| matches!(byte, b'0'..=b'9' | b'a'..=b'f' | b'A'..=b'F' | b'.' | b':')) {
            return false;
        }
        let Ok(address) = text.parse::<IpAddr>() else { return false };
        match (self.address, address.to_canonical(), address) {
            (IpAddr::V4(ours), IpAddr::V4(theirs), _) => same_prefix(ours.octets(), theirs.octets(), self.bits),
            (IpAddr::V6(ours), _, IpAddr::V6(theirs)) => same_prefix(ours.octets(), theirs.octets(), self.bits),
            _ => false,
        }
    }

    /// Its address and the number of bits that count.
    pub fn parts(&self) -> (IpAddr, u8) {
        (self.address, self.bits)
    }
}

fn same_prefix<const N: usize>(ours: [u8; N], theirs: [u8; N], bits: u8) -> bool {
    let mut left = bits;
    for (a, b) in ours.into_iter().zip(theirs) {
        if left == 0 {
            return true;
        }
        let take = left.min(8);
        if (a ^ b).checked_shr(u32::from(8 - take)).unwrap_or(0) != 0 {
            return false;
        }
        left -= take;
    }
    true
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_and_out() {
        for (network, address, expected) in [
            ("10.0.0.0/8", "10.255.1.2", true),
            ("10.0.0.0/8", "11.0.0.0", false),
            ("192.0.2.77/25", "192.0.2.1", true),
            ("192.0.2.0/25", "192.0.2.128", false),
            ("0.0.0.0/0", "203.0.113.9", true),
            ("0.0.0.0/0", "2001:db8::1", false),
            ("198.51.100.7", "198.51.100.7", true),
            ("198.51.100.7", "198.51.100.8", false),
            ("2001:db8::/32", "2001:DB8:0:0::5", true),
            ("2001:db8::/33", "2001:db8:8000::", false),
            ("::/0", "::ffff:192.0.2.1", true),
            ("192.0.2.0/24", "::ffff:192.0.2.1", true),
            ("10.0.0.0/8", "AWS Internal", false),
            ("10.0.0.0/8", "10.0.0.0/8", false),
            ("10.0.0.0/8", "", false),
        ] {
            assert_eq!(Network::parse(network).unwrap().holds(address), expected, "{network} {address}");
        }
        for text in ["", "10.0.0.0/33", "10.0.0/8", "10.0.0.0/", "10.0.0.0/+8", "::/129", "a/8", "10.0.0.0/8/8"] {
            assert_eq!(Network::parse(text), None, "{text}");
        }
    }
}
