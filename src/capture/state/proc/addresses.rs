//! Addresses of this machine.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// Addresses besides the loopback ones, from the text of `net/fib_trie` and `net/if_inet6`.
pub(super) fn local_addresses(trie: &[u8], inet6: &[u8]) -> Vec<IpAddr> {
    let mut addresses = Vec::new();
    let mut last = None;
    for line in String::from_utf8_lossy(trie).lines() {
        let line = line.trim_start();
        if let Some(address) = line.strip_prefix("|-- ") {
            last = address.trim_end().parse::<Ipv4Addr>().ok();
        } else if line.starts_with("/32 host LOCAL") {
            // A leaf's lines follow it.
            addresses.extend(last.filter(|address| !address.is_loopback()).map(IpAddr::V4));
        }
    }
    for line in String::from_utf8_lossy(inet6).lines() {
        let address = line.get(..32).and_then(|text| u128::from_str_radix(text, 16).ok()).map(Ipv6Addr::from_bits);
        addresses.extend(address.filter(|address| !address.is_loopback()).map(IpAddr::V6));
    }
    addresses.sort_unstable();
    addresses.dedup();
    addresses
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_of_both_families_are_found_and_loopback_is_not() {
        let trie = b"Main:\n  +-- 0.0.0.0/0 3 0 5\n     |-- 0.0.0.0\n        /0 universe UNICAST\n     |-- 10.0.0.7\n\
            \x20       /32 host LOCAL\n     |-- 10.0.0.255\n        /32 link BROADCAST\n     |-- 127.0.0.1\n\
            \x20       /32 host LOCAL\nLocal:\n     |-- 10.0.0.7\n        /32 host LOCAL\n";
        let inet6 = b"00000000000000000000000000000001 01 80 10 80       lo\n\
            fe80000000000000000000fffe000001 02 40 20 80     eth0\nshort\n";
        let expected: [IpAddr; 2] = ["10.0.0.7".parse().expect("valid"), "fe80::ff:fe00:1".parse().expect("valid")];
        assert_eq!(local_addresses(trie, inet6), expected);
        assert_eq!(local_addresses(b"", b""), Vec::<IpAddr>::new());
    }
}
