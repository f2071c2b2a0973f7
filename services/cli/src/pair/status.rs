//! What a replica says of itself.

use understudy_client::proto::admin::v1::{Role, StatusResponse};

/// Whether this is a primary with two members, whose backup is connected and obliged.
pub fn is_complete(status: &StatusResponse) -> bool {
    status.role() == Role::Primary
        && status.members.len() == 2
        && status.followers.iter().any(|follower| {
            follower.obliged
                && follower.connected
                && follower.member.as_ref().is_some_and(|follower| {
                    status.members.iter().any(|m| m.incarnation == follower.incarnation)
                })
        })
}
