//! Which addresses may be dialled, decided after a name was resolved.
//!
//! Public is what the registries of special addresses (IANA, RFC 6890 and its successors) leave as globally
//! reachable, but for one where a cloud keeps its secrets. An address that only wraps another one is judged as that one.

use std::collections::BTreeSet;
use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use ipnet::{IpNet, Ipv4Net, Ipv6Net};

use crate::error::{Error, Result};

/// What is not public in IPv4.
const SPECIAL_V4: [(Ipv4Addr, u8); 16] = [
    (Ipv4Addr::UNSPECIFIED, 8),
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(100, 64, 0, 0), 10),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(168, 63, 129, 16), 32),
    (Ipv4Addr::new(169, 254, 0, 0), 16),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 0, 0, 0), 24),
    (Ipv4Addr::new(192, 0, 2, 0), 24),
    (Ipv4Addr::new(192, 88, 99, 0), 24),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
    (Ipv4Addr::new(198, 18, 0, 0), 15),
    (Ipv4Addr::new(198, 51, 100, 0), 24),
    (Ipv4Addr::new(203, 0, 113, 0), 24),
    (Ipv4Addr::new(224, 0, 0, 0), 4),
    (Ipv4Addr::new(240, 0, 0, 0), 4),
];

/// What is not public in the part of IPv6 that is handed out, `2000::/3`; the rest of IPv6 never is.
const SPECIAL_V6: [(Ipv6Addr, u8); 4] = [
    // Protocols and tunnels, Teredo among them.
    (Ipv6Addr::new(0x2001, 0, 0, 0, 0, 0, 0, 0), 23),
    (Ipv6Addr::new(0x2001, 0xdb8, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0x2002, 0, 0, 0, 0, 0, 0, 0), 16),
    (Ipv6Addr::new(0x3fff, 0, 0, 0, 0, 0, 0, 0), 20),
];

/// What may be private without being named: the networks of a house or a company, and this machine.
const PRIVATE_V4: [(Ipv4Addr, u8); 4] = [
    (Ipv4Addr::new(10, 0, 0, 0), 8),
    (Ipv4Addr::new(127, 0, 0, 0), 8),
    (Ipv4Addr::new(172, 16, 0, 0), 12),
    (Ipv4Addr::new(192, 168, 0, 0), 16),
];

/// Where clouds keep their secrets, in a part of IPv6 that is private otherwise.
const METADATA_V6: [(Ipv6Addr, u8); 4] = [
    (Ipv6Addr::new(0xfd00, 0xec2, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0xfd20, 0xce, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0xfd00, 0xc1, 0, 0, 0, 0, 0, 0), 32),
    (Ipv6Addr::new(0xfd00, 0x42, 0, 0, 0, 0, 0, 0), 32),
];

/// Which addresses a request may go to. The default is public ones alone.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct AddressPolicy {
    networks: BTreeSet<IpNet>,
    private: bool,
}

impl AddressPolicy {
    /// With these networks beside the public addresses: `10.20.0.0/16`, or one address.
    pub fn with_network(mut self, text: &str) -> Result<Self> {
        let network = text.parse::<IpNet>().or_else(|_| text.parse::<IpAddr>().map(IpNet::from));
        let network = network.map_err(|_| {
            Error::usage(format!("`{text}` is no network")).hint("write `10.20.0.0/16`, `fd00::/8` or one address")
        })?;
        self.networks.insert(network.trunc());
        Ok(self)
    }

    /// With one address beside the public ones.
    pub fn with_address(mut self, address: IpAddr) -> Self {
        self.networks.insert(IpNet::from(inner(address)));
        self
    }

    /// With private networks and this machine beside the public addresses. Link-local addresses, where clouds
    /// keep their secrets, are still for who names them.
    pub fn with_private(mut self) -> Self {
        self.private = true;
        self
    }

    /// What either permits.
    pub fn or(mut self, other: &Self) -> Self {
        self.networks.extend(other.networks.iter().copied());
        self.private |= other.private;
        self
    }

    /// What another one permits of it; none where that is all.
    pub fn cut_to(&self, most: &Self) -> Option<Self> {
        let is_inside = |network: &&IpNet| most.networks.iter().any(|most| most.contains(*network));
        let networks = self.networks.iter().filter(is_inside).copied().collect();
        let left = Self { networks, private: self.private && most.private };
        (left != *self).then_some(left)
    }

    /// What it permits beside public addresses; none where that is nothing.
    pub fn in_words(&self) -> Option<String> {
        let private = self.private.then(|| "private networks".to_owned());
        let single = |network: &IpNet| match network.prefix_len() == network.max_prefix_len() {
            true => network.addr().to_string(),
            false => network.to_string(),
        };
        let all: Vec<String> = private.into_iter().chain(self.networks.iter().map(single)).collect();
        (!all.is_empty()).then(|| format!("{} too", all.join(", ")))
    }

    /// Whether an address may be dialled.
    pub fn permits(&self, address: IpAddr) -> bool {
        let real = inner(address);
        // Named as what it wraps, or as it is spelled.
        self.networks.iter().any(|network| network.contains(&real) || network.contains(&address))
            || is_public(real)
            || self.private && is_private(real)
    }
}

/// The address that is reached: what another one wraps.
fn inner(address: IpAddr) -> IpAddr {
    let IpAddr::V6(v6) = address else { return address };
    let part = v6.segments();
    let v4 = |high: u16, low: u16| {
        let ([a, b], [c, d]) = (high.to_be_bytes(), low.to_be_bytes());
        IpAddr::V4(Ipv4Addr::new(a, b, c, d))
    };
    match part {
        // Mapped (`::ffff:a.b.c.d`), translated (`::ffff:0:a.b.c.d`), NAT64 of the well-known prefix, 6to4 and, but for `::` and `::1`, compatible.
        [0, 0, 0, 0, 0, 0xffff, high, low]
        | [0, 0, 0, 0, 0xffff, 0, high, low]
        | [0x64, 0xff9b, 0, 0, 0, 0, high, low]
        | [0x2002, high, low, ..] => v4(high, low),
        [0, 0, 0, 0, 0, 0, high, low] if high != 0 || low > 1 => v4(high, low),
        _ => address,
    }
}

fn is_public(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => !any_v4(&SPECIAL_V4, v4),
        IpAddr::V6(v6) => v6.segments()[0] & 0xe000 == 0x2000 && !any_v6(&SPECIAL_V6, v6),
    }
}

fn is_private(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => any_v4(&PRIVATE_V4, v4),
        IpAddr::V6(v6) => v6.is_loopback() || v6.segments()[0] & 0xfe00 == 0xfc00 && !any_v6(&METADATA_V6, v6),
    }
}

fn any_v4(networks: &[(Ipv4Addr, u8)], address: Ipv4Addr) -> bool {
    networks.iter().any(|(base, bits)| Ipv4Net::new(*base, *bits).is_ok_and(|network| network.contains(&address)))
}

fn any_v6(networks: &[(Ipv6Addr, u8)], address: Ipv6Addr) -> bool {
    networks.iter().any(|(base, bits)| Ipv6Net::new(*base, *bits).is_ok_and(|network| network.contains(&address)))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn permits(policy: &AddressPolicy, address: &str) -> bool {
        policy.permits(address.parse().expect("is an address"))
    }

    #[test]
    fn public_addresses_are_permitted_and_every_spelling_of_others_is_not() {
        let policy = AddressPolicy::default();
        for public in ["1.1.1.1", "93.184.216.34", "100.128.0.1", "2606:4700::1111", "::ffff:1.1.1.1", "2002:101:101::"]
        {
            assert!(permits(&policy, public), "{public}");
        }
        for other in [
            "0.0.0.0",
            "0.1.2.3",
            "10.0.0.1",
            "100.64.0.1",
            "100.127.255.255",
            "127.0.0.1",
            "127.255.255.254",
            "169.254.169.254",
            "172.16.0.1",
            "172.31.255.255",
            "192.0.0.170",
            "192.0.2.1",
            "192.88.99.1",
            "192.168.1.1",
            "198.18.0.1",
            "198.51.100.1",
            "203.0.113.1",
            "224.0.0.1",
            "240.0.0.1",
            "255.255.255.255",
            "::",
            "::1",
            "::127.0.0.1",
            "::ffff:127.0.0.1",
            "::ffff:0:127.0.0.1",
            "::ffff:169.254.169.254",
            "64:ff9b::7f00:1",
            "64:ff9b::a9fe:a9fe",
            "64:ff9b:1::7f00:1",
            "2002:7f00:1::",
            "2002:a00:1::1",
            "2001::1",
            "2001:db8::1",
            "3fff::1",
            "fc00::1",
            "fd12::1",
            "fe80::1",
            "fec0::1",
            "ff02::1",
            "100::1",
            "fd00:ec2::254",
            "168.63.129.16",
            "64:ff9b:1:a9fe:a9:fe00:808:808",
        ] {
            assert!(!permits(&policy, other), "{other}");
        }
    }

    #[test]
    fn a_named_network_is_permitted_in_every_spelling_and_no_other_is() {
        let policy = AddressPolicy::default().with_network("10.20.0.0/16").expect("is a network");
        for inside in ["10.20.0.1", "10.20.255.255", "::ffff:10.20.0.1", "64:ff9b::a14:1", "2002:a14:1::"] {
            assert!(permits(&policy, inside), "{inside}");
        }
        for outside in ["10.21.0.1", "127.0.0.1", "::1", "::ffff:10.21.0.1"] {
            assert!(!permits(&policy, outside), "{outside}");
        }
        let one = AddressPolicy::default().with_network("169.254.169.254").expect("is an address");
        assert!(permits(&one, "169.254.169.254") && !permits(&one, "169.254.169.253"));
    }

    #[test]
    fn private_networks_together_leave_out_where_clouds_keep_their_secrets() {
        let policy = AddressPolicy::default().with_private();
        for inside in ["10.0.0.1", "127.0.0.1", "192.168.0.1", "172.20.0.1", "::1", "fd00::1", "::ffff:127.0.0.1"] {
            assert!(permits(&policy, inside), "{inside}");
        }
        for outside in [
            "169.254.169.254",
            "0.0.0.0",
            "224.0.0.1",
            "100.64.0.1",
            "fe80::1",
            "ff02::1",
            "255.255.255.255",
            "fd00:ec2::254",
            "fd20:ce::254",
            "fd00:c1::a9fe:a9fe",
            "fd00:42::42",
            "168.63.129.16",
        ] {
            assert!(!permits(&policy, outside), "{outside}");
        }
    }

    #[test]
    fn what_is_permitted_beside_public_addresses_is_said_in_words() {
        let network = |policy: AddressPolicy, text| policy.with_network(text).expect("is a network");
        assert_eq!(AddressPolicy::default().in_words(), None);
        let policy = network(network(AddressPolicy::default(), "10.20.0.0/16"), "127.0.0.1").with_private();
        assert_eq!(policy.in_words().as_deref(), Some("private networks, 10.20.0.0/16, 127.0.0.1 too"));
    }

    #[test]
    fn what_is_no_network_says_how_one_is_written() {
        let error = AddressPolicy::default().with_network("10.0.0.0/33").expect_err("is refused");
        assert_eq!(error.message(), "`10.0.0.0/33` is no network");
    }
}
