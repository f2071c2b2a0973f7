//! Names of namespaces, links and addresses, from which one can tell whose they are.

use std::path::Path;
use std::process;

use super::command::ip;

/// What namespaces begin with; after it the process and the replica.
const NAMESPACE: &str = "understudy-";
/// What links begin with.
const LINK: &str = "us";
/// The network for measurements of networks (RFC 2544), of which one part is taken.
const NETWORK: &str = "198.18";

/// What one torture calls its own.
#[derive(Clone, Debug)]
pub struct Names {
    process: u32,
    /// The bridge.
    pub bridge: String,
    /// The third number of its addresses.
    part: u8,
}

impl Names {
    /// Those of this process, with addresses that nobody has here.
    ///
    /// # Errors
    /// What `ip` says.
    pub fn free() -> Result<Self, String> {
        let process = process::id();
        let taken = ip(&["-4", "-o", "addr", "show"])?;
        let part = (0..=255u8)
            .map(|n| n.wrapping_add(process as u8))
            .find(|part| !taken.contains(&format!("{NETWORK}.{part}.")))
            .ok_or("all networks of 198.18.0.0/16 are taken")?;
        Ok(Names { process, bridge: format!("{LINK}{process}"), part })
    }

    /// A replica's namespace.
    pub fn namespace(&self, number: usize) -> String {
        format!("{NAMESPACE}{}-{number}", self.process)
    }

    /// The bridge's end of a replica's link.
    pub fn link(&self, number: usize) -> String {
        format!("{LINK}{}-{number}", self.process)
    }

    /// The address of a host.
    pub fn address(&self, host: u8) -> String {
        format!("{NETWORK}.{}.{host}", self.part)
    }

    /// Removes everything with these names; what is not there is no matter.
    pub fn remove(&self) {
        for number in 0..2 {
            // First the link: a namespace lives on while a process in it does.
            let _ = ip(&["link", "delete", &self.link(number)]);
            let _ = ip(&["netns", "delete", &self.namespace(number)]);
        }
        let _ = ip(&["link", "delete", &self.bridge]);
    }

    /// Removes what processes that are gone have left behind.
    pub fn sweep() {
        for name in ip(&["netns", "list"]).unwrap_or_default().lines().filter_map(owner) {
            if !Path::new(&format!("/proc/{name}")).exists() {
                Names { process: name, bridge: format!("{LINK}{name}"), part: 0 }.remove();
            }
        }
    }
}

/// The process that a line of `ip netns list` names.
fn owner(line: &str) -> Option<u32> {
    let (process, _) = line.strip_prefix(NAMESPACE)?.split_once('-')?;
    process.parse().ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_namespaces_of_a_torture_have_an_owner() {
        assert_eq!(owner("understudy-4711-1 (id: 3)"), Some(4711));
        for line in ["understudy-x-1", "understudy-4711", "other-4711-1", ""] {
            assert_eq!(owner(line), None, "{line}");
        }
    }

    #[test]
    fn names_of_links_fit() {
        let names = Names { process: 4_194_304, bridge: "us4194304".into(), part: 0 };
        // IFNAMSIZ, with the zero after it.
        assert!(names.link(1).len() < 16 && names.bridge.len() < 16);
    }
}
