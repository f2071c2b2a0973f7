//! Who follows this primary, and on which stream.

use std::collections::BTreeMap;

use super::peer::Peer;
use crate::{ConnId, Hello, Incarnation, Index, Member};

/// Everybody who was named or heard of in this term and may still matter.
pub(super) struct Followers {
    peers: BTreeMap<Incarnation, Peer>,
    /// The open streams. `streams[conn] == who` exactly where `peers[who].conn() == Some(conn)`.
    streams: BTreeMap<ConnId, Incarnation>,
    /// Hellos accepted in this term, of which each peer remembers its last.
    greeted: u64,
}

impl Followers {
    /// Those that the register names, none of them on a stream yet.
    pub fn named(members: impl Iterator<Item = Member>, now: u64) -> Self {
        let peers = members.map(|member| (member.incarnation, Peer::new(member, now))).collect();
        Followers { peers, streams: BTreeMap::new(), greeted: 0 }
    }

    pub fn get(&self, who: Incarnation) -> Option<&Peer> {
        self.peers.get(&who)
    }

    pub fn get_mut(&mut self, who: Incarnation) -> Option<&mut Peer> {
        self.peers.get_mut(&who)
    }

    /// Who is at the other end of a stream.
    pub fn at(&self, conn: ConnId) -> Option<&Peer> {
        self.streams.get(&conn).and_then(|who| self.peers.get(who))
    }

    pub fn at_mut(&mut self, conn: ConnId) -> Option<&mut Peer> {
        self.streams.get(&conn).and_then(|who| self.peers.get_mut(who))
    }

    /// In the order of their incarnations.
    pub fn iter(&self) -> impl Iterator<Item = &Peer> {
        self.peers.values()
    }

    pub fn iter_mut(&mut self) -> impl Iterator<Item = &mut Peer> {
        self.peers.values_mut()
    }

    /// The open streams, in order.
    pub fn streams(&self) -> impl Iterator<Item = ConnId> {
        self.streams.keys().copied()
    }

    /// Everybody on a stream, in the order of the streams.
    pub fn each_on_stream(&mut self, mut visit: impl FnMut(ConnId, &mut Peer)) {
        for (&conn, who) in &self.streams {
            if let Some(peer) = self.peers.get_mut(who) {
                visit(conn, peer);
            }
        }
    }

    /// A hello was accepted. Gives the peer's earlier stream, which ends.
    pub fn greet(
        &mut self,
        conn: ConnId,
        hello: &Hello,
        commit: Index,
        now: u64,
    ) -> Option<ConnId> {
        let who = hello.member.incarnation;
        let peer = self.peers.entry(who).or_insert_with(|| Peer::new(hello.member.clone(), now));
        let earlier = peer.conn();
        peer.connect(conn, hello, commit, now);
        self.greeted += 1;
        peer.greeted = self.greeted;
        if let Some(earlier) = earlier {
            self.streams.remove(&earlier);
        }
        self.streams.insert(conn, who);
        earlier
    }

    /// A stream has ended. Gives whose it was.
    pub fn hang_up(&mut self, conn: ConnId) -> Option<Incarnation> {
        let who = self.streams.remove(&conn)?;
        self.peers.get_mut(&who)?.disconnect();
        Some(who)
    }

    /// All streams end.
    pub fn hang_up_all(&mut self) -> impl Iterator<Item = ConnId> {
        std::mem::take(&mut self.streams).into_keys()
    }

    /// No member any more: only what is durable counts, and without a stream nothing is remembered.
    pub fn drop_member(&mut self, who: Incarnation) {
        let Some(peer) = self.peers.get_mut(&who) else { return };
        peer.progress.drop_received();
        if !peer.is_connected() {
            self.peers.remove(&who);
        }
    }

    /// Forgets those without a stream who do not matter.
    pub fn forget(&mut self, matters: impl Fn(Incarnation) -> bool) {
        self.peers.retain(|who, peer| peer.is_connected() || matters(*who));
    }

    /// A copy of the same name is here that came later: it stands in the place of this one, whose data
    /// is gone. Only while its stream lasts: a hello of the older copy may arrive late, but its stream
    /// ends when something is sent on it.
    pub fn is_replaced(&self, peer: &Peer) -> bool {
        self.peers.values().any(|other| {
            other.greeted > peer.greeted
                && other.is_connected()
                && other.member.name == peer.member.name
        })
    }

    /// This process did not run for a while: that counts for nobody's silence.
    pub fn forgive(&mut self, pause: u64) {
        for peer in self.peers.values_mut() {
            peer.heard += pause;
            peer.progress.forgive(pause);
        }
    }
}
