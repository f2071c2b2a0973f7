//! File descriptors: connections of clients get what the disk, the register and the peers leave.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

use crate::connections::ConnectionLimits;

/// Descriptors kept for the data directory, the register, the peers and the operators.
const KEPT: usize = 64 + 96;

/// Room for connections of clients: as many as wanted, if the limit of descriptors allows. It is raised as far as
/// this process may.
pub(crate) fn connection_limits(wanted: usize) -> ConnectionLimits {
    let total = possible(wanted, raised());
    if total < wanted {
        tracing::warn!(
            "max-connections is {wanted}, and there are file descriptors for {total}: raise the limit (ulimit -n) \
             to {} at least, or lower max-connections",
            wanted + KEPT
        );
    }
    ConnectionLimits { total, of_address: total.div_ceil(2) }
}

/// The limit of descriptors, once it is as high as it may be; `None`: there is none.
fn raised() -> Option<u64> {
    let Rlimit { current, maximum } = getrlimit(Resource::Nofile);
    match setrlimit(Resource::Nofile, Rlimit { current: maximum, maximum }) {
        Ok(()) => maximum,
        Err(_) => current,
    }
}

fn possible(wanted: usize, descriptors: Option<u64>) -> usize {
    let descriptors =
        descriptors.map_or(usize::MAX, |limit| usize::try_from(limit).unwrap_or(usize::MAX));
    wanted.min(descriptors.saturating_sub(KEPT)).max(2)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn connections_leave_descriptors_for_the_rest() {
        assert_eq!(possible(2000, Some(1024)), 1024 - KEPT);
        assert_eq!(possible(2000, Some(1 << 20)), 2000);
        assert_eq!(possible(2000, None), 2000);
        assert_eq!(possible(2000, Some(64)), 2, "an operator comes in");
    }
}
