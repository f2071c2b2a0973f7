//! Who has what: sessions one by one, owners with what they have.

use std::collections::BTreeMap;

use super::reader::Reader;
use crate::{OwnerInfo, SessionInfo};

impl Reader {
    /// The sessions that are alive, by id, after the one that is given, as of the last entry: of this owner, or
    /// of all. Takes time with their number.
    pub fn sessions<'a>(
        &'a self,
        after: u64,
        owner: Option<&'a [u8]>,
    ) -> impl Iterator<Item = SessionInfo> {
        let all = self.state().sessions.infos(after, self.state().elapsed);
        all.filter(move |info| owner.is_none_or(|owner| info.owner == owner))
    }

    /// The owners after the one that is given, by name: `most` at most.
    pub fn owners(&self, after: &[u8], most: usize) -> Vec<OwnerInfo> {
        let state = self.state();
        let of = [state.sessions.shares(), state.leases.shares(), state.generators.shares()];
        let mut found = BTreeMap::<_, [u64; 3]>::new();
        for (kind, shares) in of.into_iter().enumerate() {
            for (owner, count) in shares.after(after).take(most) {
                found.entry(owner).or_default()[kind] = count;
            }
        }
        let info = |(owner, [sessions, leases, generators]): (&bytes::Bytes, [u64; 3])| OwnerInfo {
            owner: owner.clone(),
            sessions,
            leases,
            generators,
        };
        found.into_iter().take(most).map(info).collect()
    }
}
