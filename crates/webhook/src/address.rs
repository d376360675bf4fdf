//! Where the network delivers: public addresses over TLS, and none of its own surroundings.

use std::{
    io,
    net::{IpAddr, Ipv4Addr, Ipv6Addr, SocketAddr},
};

use reqwest::{
    Url,
    dns::{Addrs, Name, Resolve, Resolving},
};

/// Why a name leads nowhere.
#[derive(Debug, thiserror::Error)]
pub(super) enum Unresolved {
    #[error("no address")]
    NotFound,
    #[error("an address that is refused")]
    Refused,
}

/// Resolves names to addresses that have been looked at: what is connected to is what was looked at.
pub(super) struct Resolver {
    pub(super) allow_loopback: bool,
}

impl Resolve for Resolver {
    fn resolve(&self, name: Name) -> Resolving {
        let allow_loopback = self.allow_loopback;
        Box::pin(async move {
            let found = tokio::net::lookup_host((name.as_str(), 0)).await;
            let found = checked(found.map(Iterator::collect), allow_loopback)?;
            Ok(Box::new(found.into_iter()) as Addrs)
        })
    }
}

/// All of them, or none: a name with one address that is refused may lead there the next time.
fn checked(
    found: io::Result<Vec<SocketAddr>>,
    allow_loopback: bool,
) -> Result<Vec<SocketAddr>, Unresolved> {
    let found = found.map_err(|_| Unresolved::NotFound)?;
    if found.is_empty() {
        return Err(Unresolved::NotFound);
    }
    let odd = found.iter().any(|address| refused(address.ip(), allow_loopback));
    if odd { Err(Unresolved::Refused) } else { Ok(found) }
}

/// Reads where a webhook is, or says what is wrong with it.
pub(super) fn parse(text: &str, allow_loopback: bool) -> Result<Url, &'static str> {
    let url = Url::parse(text).map_err(|_| "must be an https URL")?;
    let literal = match url.host_str() {
        Some(host) => host.trim_matches(['[', ']']).parse::<IpAddr>().ok(),
        None => return Err("must name a host"),
    };
    let loopback = literal.is_some_and(|ip| ip.is_loopback()) && allow_loopback;
    match url.scheme() {
        "https" => {}
        "http" if loopback => {}
        _ => return Err("must be an https URL"),
    }
    if !url.username().is_empty() || url.password().is_some() {
        return Err("must have no user information");
    }
    if url.fragment().is_some() {
        return Err("must have no fragment");
    }
    if !url.port_or_known_default().is_some_and(|port| port == 443 || port > 1024) {
        return Err("must have port 443 or one above 1024");
    }
    if literal.is_some_and(|ip| refused(ip, allow_loopback)) {
        return Err("must have a public address");
    }
    Ok(url)
}

/// Whether nothing is ever delivered to this address.
fn refused(ip: IpAddr, allow_loopback: bool) -> bool {
    if allow_loopback && ip.is_loopback() {
        return false;
    }
    match ip {
        IpAddr::V4(ip) => refused_v4(ip),
        IpAddr::V6(ip) => refused_v6(ip),
    }
}

/// IANA's special-purpose registry: what is not globally reachable, and what leads elsewhere.
fn refused_v4(ip: Ipv4Addr) -> bool {
    let [a, b, c, _] = ip.octets();
    ip.is_private()
        || ip.is_loopback()
        || ip.is_link_local()
        || ip.is_multicast()
        || ip.is_documentation()
        || a == 0
        || a >= 240
        || (a == 100 && (64..128).contains(&b))
        || (a == 198 && (b == 18 || b == 19))
        || (a == 192 && b == 0 && c == 0)
        || (a == 192 && b == 88 && c == 99)
}

/// Only global unicast; nothing that holds an IPv4 address (mapped, NAT64, 6to4, Teredo).
fn refused_v6(ip: Ipv6Addr) -> bool {
    let [a, b, ..] = ip.segments();
    a & 0xe000 != 0x2000
        || (a == 0x2001 && b < 0x0200)
        || (a == 0x2001 && b == 0x0db8)
        || a == 0x2002
        || (a == 0x3fff && b < 0x1000)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_public_addresses_are_delivered_to() {
        for ip in [
            "127.0.0.1",
            "127.255.255.254",
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "172.16.0.1",
            "172.31.255.255",
            "192.168.1.1",
            "169.254.169.254",
            "169.254.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "192.0.0.192",
            "192.0.2.1",
            "192.88.99.1",
            "198.18.0.1",
            "198.51.100.7",
            "203.0.113.7",
            "224.0.0.1",
            "239.255.255.255",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::ffff:127.0.0.1",
            "::ffff:169.254.169.254",
            "::ffff:8.8.8.8",
            "::7f00:1",
            "64:ff9b::7f00:1",
            "64:ff9b:1::1",
            "100::1",
            "2001::1",
            "2001:db8::1",
            "2002:7f00:1::1",
            "3fff::1",
            "fc00::1",
            "fd00:ec2::254",
            "fe80::1",
            "fec0::1",
            "ff02::1",
        ] {
            assert!(refused(ip.parse().unwrap(), false), "{ip}");
        }
        for ip in ["8.8.8.8", "100.63.0.1", "172.32.0.1", "192.0.1.1", "2606:4700::1", "2a00::1"] {
            assert!(!refused(ip.parse().unwrap(), false), "{ip}");
        }
        for (ip, still) in [("127.0.0.1", false), ("::1", false), ("10.0.0.1", true)] {
            assert_eq!(refused(ip.parse().unwrap(), true), still, "{ip}");
        }
        assert!(refused("::ffff:127.0.0.1".parse().unwrap(), true));
    }

    #[test]
    fn one_odd_address_among_many_refuses_them_all() {
        let addresses = |ips: &[&str]| -> io::Result<Vec<SocketAddr>> {
            Ok(ips.iter().map(|ip| SocketAddr::new(ip.parse().unwrap(), 0)).collect())
        };
        let of = |ips| checked(addresses(ips), false);
        assert_eq!(of(&["8.8.8.8", "2606:4700::1"]).unwrap().len(), 2);
        assert!(matches!(of(&["8.8.8.8", "10.0.0.1"]), Err(Unresolved::Refused)));
        assert!(matches!(of(&[]), Err(Unresolved::NotFound)));
        let none = checked(Err(io::Error::other("no")), false);
        assert!(matches!(none, Err(Unresolved::NotFound)));
    }

    #[test]
    fn a_url_is_https_to_a_public_host_and_nothing_else() {
        for url in [
            "https://example.org",
            "https://example.org/hooks?x=1",
            "https://example.org:8443/h",
            "https://8.8.8.8/",
            "https://[2606:4700::1]/",
        ] {
            assert!(parse(url, false).is_ok(), "{url}");
        }
        for url in [
            "",
            "example.org",
            "http://example.org/",
            "http://127.0.0.1:9000/",
            "ftp://example.org/",
            "file:///etc/passwd",
            "https:///",
            "https://me@example.org/",
            "https://me:you@example.org/",
            "https://example.org/#here",
            "https://example.org:80/",
            "https://example.org:22/",
            "https://example.org:1024/",
            "https://example.org:0/",
            "https://127.0.0.1/",
            "https://2130706433/",
            "https://0x7f.1/",
            "https://0177.0.0.1/",
            "https://[::1]/",
            "https://[::ffff:169.254.169.254]/",
            "https://169.254.169.254/latest/meta-data/",
            "https://10.1.2.3/",
        ] {
            assert!(parse(url, false).is_err(), "{url}");
        }
        assert!(parse("http://127.0.0.1:9000/", true).is_ok());
        assert!(parse("http://[::1]:9000/", true).is_ok());
        for url in ["http://127.0.0.1/", "http://example.org:9000/", "https://10.0.0.1/"] {
            assert!(parse(url, true).is_err(), "{url}");
        }
    }
}
