//! A network namespace for each replica, and packet filters in them.
//!
//! Everything is made and removed here, with `ip` and `nft`; it needs root. What a torture that was
//! killed has left behind is removed by the next one.

mod command;
mod names;

use command::{ip, nft};
pub use names::Names;

use super::fault::{Lines, Way};
use crate::failure::Failure;
use crate::pair::Place;

/// Ports inside a namespace: nobody else is there.
const PORTS: [u16; 3] = [7440, 7441, 7442];
/// Host numbers of the replicas, and of the bridge, where clients are.
const REPLICAS: [u8; 2] = [1, 2];
const CLIENTS: u8 = 254;

/// Two namespaces on a bridge. They are removed when it is dropped.
pub struct Netns {
    names: Names,
}

/// A packet filter's rule that is in force.
pub struct Rule {
    number: usize,
    chain: &'static str,
    handle: String,
}

impl Netns {
    /// Makes them.
    ///
    /// # Errors
    /// When this is not root, `ip` or `nft` is missing, or the kernel refuses.
    pub fn make() -> Result<Self, Failure> {
        let made = command::needs().and_then(|()| {
            Names::sweep();
            let netns = Netns { names: Names::free()? };
            netns.build()?;
            Ok(netns)
        });
        made.map_err(|why| Failure::new(format!("cannot make network namespaces: {why}")))
    }

    fn build(&self) -> Result<(), String> {
        let Names { bridge, .. } = &self.names;
        let at = |host: u8| format!("{}/24", self.names.address(host));
        ip(&["link", "add", bridge, "type", "bridge"])?;
        ip(&["addr", "add", &at(CLIENTS), "dev", bridge])?;
        ip(&["link", "set", bridge, "up"])?;
        for (number, host) in REPLICAS.into_iter().enumerate() {
            let (namespace, link) = (self.names.namespace(number), self.names.link(number));
            ip(&["netns", "add", &namespace])?;
            let peer = ["type", "veth", "peer", "name", "eth0", "netns", &namespace];
            ip(&[&["link", "add", &link], &peer[..]].concat())?;
            ip(&["link", "set", &link, "master", bridge, "up"])?;
            ip(&["-n", &namespace, "addr", "add", &at(host), "dev", "eth0"])?;
            ip(&["-n", &namespace, "link", "set", "eth0", "up"])?;
            ip(&["-n", &namespace, "link", "set", "lo", "up"])?;
            for chain in ["input", "output"] {
                let hook = format!("{{ type filter hook {chain} priority 0 ; }}");
                nft(&namespace, &["add", "table", "ip", "torture"])?;
                nft(&namespace, &["add", "chain", "ip", "torture", chain, &hook])?;
            }
        }
        Ok(())
    }

    /// What to remove, should the process end at once.
    pub fn names(&self) -> Names {
        self.names.clone()
    }

    /// Where a replica listens and is found.
    pub fn place(&self, number: usize) -> Place {
        let at = |port: u16| format!("{}:{port}", self.names.address(REPLICAS[number]));
        let [clients, peers, ops] = PORTS.map(at);
        Place { clients, peers, ops }
    }

    /// What runs a replica in its namespace, before the program's own name.
    pub fn runner(&self, number: usize) -> Vec<String> {
        let mut words: Vec<String> = ["ip", "netns", "exec"].map(Into::into).into();
        words.push(self.names.namespace(number));
        words
    }

    /// Drops packets between a replica and others.
    ///
    /// # Errors
    /// What `nft` says.
    pub async fn cut(&self, number: usize, lines: Lines, way: Way) -> Result<Vec<Rule>, String> {
        self.add(number, lines, way, "drop").await
    }

    /// Drops this percentage of packets between a replica and others, at random.
    ///
    /// # Errors
    /// What `nft` says.
    pub async fn lose(
        &self,
        number: usize,
        lines: Lines,
        percent: u32,
    ) -> Result<Vec<Rule>, String> {
        let verdict = format!("numgen random mod 100 < {percent} drop");
        self.add(number, lines, Way::Both, &verdict).await
    }

    /// Answers packets between a replica and others with resets. Not those that open a connection:
    /// a port that refuses means that its process is gone.
    ///
    /// # Errors
    /// What `nft` says.
    pub async fn reset(&self, number: usize, lines: Lines) -> Result<Vec<Rule>, String> {
        let verdict = "tcp flags & (syn | rst) == 0x0 reject with tcp reset";
        self.add(number, lines, Way::Both, verdict).await
    }

    /// Takes rules back.
    ///
    /// # Errors
    /// What `nft` says.
    pub async fn heal(&self, rules: Vec<Rule>) -> Result<(), String> {
        for Rule { number, chain, handle } in rules {
            let rule = ["delete", "rule", "ip", "torture", chain, "handle", &handle];
            command::nft_async(&self.names.namespace(number), &rule).await?;
        }
        Ok(())
    }

    async fn add(
        &self,
        number: usize,
        lines: Lines,
        way: Way,
        verdict: &str,
    ) -> Result<Vec<Rule>, String> {
        let others: &[u8] = match lines {
            Lines::Peer => &[REPLICAS[1 - number]],
            Lines::Clients => &[CLIENTS],
            Lines::All => &[REPLICAS[1 - number], CLIENTS],
        };
        let chains: &[(&str, &str)] = match way {
            Way::In => &[("input", "saddr")],
            Way::Out => &[("output", "daddr")],
            Way::Both => &[("input", "saddr"), ("output", "daddr")],
        };
        let mut rules = Vec::new();
        for other in others {
            for &(chain, side) in chains {
                let matched = format!("ip {side} {} {verdict}", self.names.address(*other));
                let rule = ["-e", "-a", "add", "rule", "ip", "torture", chain, &matched];
                let said = command::nft_async(&self.names.namespace(number), &rule).await?;
                let handle = handle(&said).ok_or_else(|| format!("nft said {said:?}"))?;
                rules.push(Rule { number, chain, handle });
            }
        }
        Ok(rules)
    }
}

impl Drop for Netns {
    fn drop(&mut self) {
        self.names.remove();
    }
}

/// `nft -e -a` says `add rule ... # handle 4`.
fn handle(said: &str) -> Option<String> {
    let (_, rest) = said.split_once("# handle ")?;
    let digits: String = rest.chars().take_while(char::is_ascii_digit).collect();
    (!digits.is_empty()).then_some(digits)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_handle_is_found_in_what_nft_says() {
        let said = "add rule ip torture input ip saddr 198.18.1.2 drop # handle 4\n# new\n";
        assert_eq!(handle(said).as_deref(), Some("4"));
        assert_eq!(handle("add rule ip torture input drop"), None);
    }
}
