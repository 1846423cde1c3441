//! The interfaces of the machine that a file is from: which address a datagram has that does not say its own.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use super::address::Endpoint;

/// Addresses of this machine, each with its network's mask, in the order of the file.
#[derive(Clone, Debug, Default)]
pub(super) struct Interfaces(Vec<(IpAddr, IpAddr)>);

impl Interfaces {
    pub(super) fn new(interfaces: Vec<(IpAddr, IpAddr)>) -> Interfaces {
        Interfaces(interfaces)
    }

    /// Both ends of a datagram, the one without an address with that of the interface through which it is likely to have
    /// gone. Falco leaves it as it is where that makes both ends the same.
    pub(super) fn complete(&self, source: Endpoint, destination: Endpoint) -> (Endpoint, Endpoint) {
        let lacks_source = source.ip.is_unspecified();
        if !lacks_source && !destination.ip.is_unspecified() {
            return (source, destination);
        }
        let other = if lacks_source { destination.ip } else { source.ip };
        let ip = self.near(other);
        if ip == other && source.port == destination.port {
            (source, destination)
        } else if lacks_source {
            (Endpoint { ip, ..source }, destination)
        } else {
            (source, Endpoint { ip, ..destination })
        }
    }

    /// The address that `other` is reached from: itself, one of its network, else the first that is not the loopback's.
    fn near(&self, other: IpAddr) -> IpAddr {
        let family = || self.0.iter().filter(|(own, _)| own.is_ipv4() == other.is_ipv4());
        let found = family()
            .find(|(own, _)| *own == other)
            .or_else(|| family().find(|(own, mask)| is_in_network(*own, *mask, other)))
            .or_else(|| family().find(|(own, _)| !is_first_loopback(*own)));
        let nothing: IpAddr = if other.is_ipv4() { Ipv4Addr::UNSPECIFIED.into() } else { Ipv6Addr::UNSPECIFIED.into() };
        found.map_or(nothing, |(own, _)| *own)
    }
}

/// To Falco a network of IPv6 is one of 64 bits, whatever the mask.
fn is_in_network(own: IpAddr, mask: IpAddr, other: IpAddr) -> bool {
    match (own, mask, other) {
        (IpAddr::V4(own), IpAddr::V4(mask), IpAddr::V4(other)) => {
            own.to_bits() & mask.to_bits() == other.to_bits() & mask.to_bits()
        }
        (IpAddr::V6(own), _, IpAddr::V6(other)) => own.to_bits() >> 64 == other.to_bits() >> 64,
        _ => false,
    }
}

fn is_first_loopback(ip: IpAddr) -> bool {
    ip == IpAddr::V4(Ipv4Addr::LOCALHOST) || ip == IpAddr::V6(Ipv6Addr::LOCALHOST)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn end(ip: &str, port: u16) -> Endpoint {
        Endpoint { ip: ip.parse().expect("an address"), port }
    }

    fn interfaces() -> Interfaces {
        let pair = |ip: &str, mask: &str| (end(ip, 0).ip, end(mask, 0).ip);
        Interfaces::new(vec![
            pair("127.0.0.1", "255.0.0.0"),
            pair("10.0.2.15", "255.255.255.0"),
            pair("172.17.0.1", "255.255.0.0"),
            pair("::1", "ffff::"),
            pair("fe80::1", "ffff::"),
        ])
    }

    #[test]
    fn an_end_without_an_address_gets_that_of_the_interface_towards_the_other() {
        for (destination, expected) in [
            ("172.17.0.1", "172.17.0.1"),
            ("172.17.9.9", "172.17.0.1"),
            ("127.0.0.53", "127.0.0.1"),
            ("8.8.8.8", "10.0.2.15"),
        ] {
            let (source, other) = interfaces().complete(end("0.0.0.0", 4000), end(destination, 53));
            assert_eq!((source, other), (end(expected, 4000), end(destination, 53)));
            let (other, found) = interfaces().complete(end(destination, 53), end("0.0.0.0", 4000));
            assert_eq!((other, found), (end(destination, 53), end(expected, 4000)));
        }
        let (source, _) = interfaces().complete(end("::", 4000), end("2001:db8::1", 53));
        assert_eq!(source, end("fe80::1", 4000));
    }

    #[test]
    fn what_is_known_stays_and_an_end_is_not_made_the_other() {
        let known = (end("10.0.2.15", 1), end("8.8.8.8", 53));
        assert_eq!(interfaces().complete(known.0, known.1), known);
        let same = (end("0.0.0.0", 53), end("127.0.0.1", 53));
        assert_eq!(interfaces().complete(same.0, same.1), same);
        let nowhere = (end("0.0.0.0", 4000), end("8.8.8.8", 53));
        assert_eq!(Interfaces::default().complete(nowhere.0, nowhere.1), nowhere);
    }
}
