//! The pod of a backup that was dropped and does not come back is deleted, so that another one takes
//! its place (ADR 10): only the pod that was seen to hold that very copy, by its uid.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Arc;
use std::time::Duration;

use tokio::sync::{mpsc, watch};
use tokio::time::Instant;
use understudy_arbiter::kubernetes::{ApiServer, Kind, Place, Refusal};
use understudy_protocol::{Follower, Incarnation, Member, RoleName};

use super::pods;
use super::stuck::Stuck;
use crate::driver::View;

/// Between two looks for pods that have not been found.
const LOOK_AGAIN: Duration = Duration::from_secs(2);
/// Between two tries to delete one.
const RETRY: Duration = Duration::from_millis(100);

/// Remembers which pod holds which copy while this replica is primary, and deletes by that.
pub struct Evictor {
    api: Arc<ApiServer>,
    namespace: String,
    me: String,
    /// How long an order holds: like the read that it rests on, it must not be carried out late.
    window: Duration,
    /// The pods' uids, while their copies are named or follow, and beyond.
    holders: BTreeMap<Incarnation, String>,
    /// Copies that had a stream when last looked at: one that comes back may be in another pod.
    connected: Vec<Incarnation>,
    look_again: Instant,
    /// Copies whose pods are gone already: ordered again, there is nothing to do.
    settled: BTreeSet<Incarnation>,
    /// The other replicas' names, and those of their pods that no kubelet takes.
    others: Vec<String>,
    stuck: Stuck,
    look_for_stuck: Instant,
    told: String,
}

impl Evictor {
    /// Knows nobody yet. `others` are the other replicas' names; `after` is how long a backup may
    /// stay away.
    pub fn new(
        api: Arc<ApiServer>,
        namespace: String,
        me: String,
        others: Vec<String>,
        (window, after): (Duration, Duration),
    ) -> Self {
        Evictor {
            api,
            namespace,
            me,
            window,
            settled: BTreeSet::new(),
            others,
            stuck: Stuck::new(after),
            look_for_stuck: Instant::now(),
            holders: BTreeMap::new(),
            connected: Vec::new(),
            look_again: Instant::now(),
            told: String::new(),
        }
    }

    /// Finds out who holds what, as far as that is not known.
    async fn look(&mut self, view: &View) {
        if !view.status.role.acts() {
            self.holders.clear();
            self.connected.clear();
            self.settled.clear();
            self.stuck.forget_all();
            return;
        }
        let followers = &view.status.followers;
        let connected = followers.iter().filter(|follower| follower.connected);
        let connected: Vec<Incarnation> = connected.map(|f| f.member.incarnation).collect();
        for back in connected.iter().filter(|copy| !self.connected.contains(copy)) {
            self.holders.remove(back);
            self.look_again = Instant::now();
        }
        self.connected = connected;
        if Instant::now() < self.look_again {
            return;
        }
        let others = view.status.members.iter().chain(followers.iter().map(|f| &f.member));
        let unknown = |member: &&Member| {
            member.name != self.me && !self.holders.contains_key(&member.incarnation)
        };
        let unknown: Vec<Member> = others.filter(unknown).cloned().collect();
        for member in unknown {
            self.look_again = Instant::now() + LOOK_AGAIN;
            match self.find(&member).await {
                Ok(Some(uid)) => {
                    self.holders.insert(member.incarnation, uid);
                }
                Ok(None) => {}
                Err(why) => self.tell(format!("cannot tell which pod holds a copy: {why}")),
            }
        }
    }

    async fn find(&self, member: &Member) -> Result<Option<String>, Refusal> {
        let Some(place) = self.place(member) else { return Ok(None) };
        match self.api.get(&place).await {
            Ok(pod) => Ok(pods::uid_of_holder(&pod, member).map(str::to_owned)),
            Err(Refusal::NotFound(_)) => Ok(None),
            Err(other) => Err(other),
        }
    }

    /// `None` if no pod can have the replica's name.
    fn place(&self, member: &Member) -> Option<Place> {
        Place::new(Kind::Pod, &self.namespace, &member.name).ok()
    }

    /// Replaces the pods of replicas that are away and that no kubelet has started: a pod that came
    /// in the place of a deleted one may have been bound to the same dead node, before anybody knew
    /// that the node is dead.
    async fn look_for_stuck(&mut self, view: &View) {
        if view.status.role != RoleName::Primary || Instant::now() < self.look_for_stuck {
            return;
        }
        self.look_for_stuck = Instant::now() + LOOK_AGAIN;
        for name in self.others.clone() {
            let here = |f: &&Follower| f.connected && f.member.name == name;
            let place = Place::new(Kind::Pod, &self.namespace, &name);
            let (None, Ok(place)) = (view.status.followers.iter().find(here), place) else {
                self.stuck.forget(&name);
                continue;
            };
            // A right that is lacking is reported by the search for a copy.
            let Ok(pod) = self.api.get(&place).await else { continue };
            if let Some(why) = self.stuck.due(&name, &pod, Instant::now()) {
                match self.api.delete_unchanged(&place, &pod).await {
                    Ok(()) => tracing::warn!(replica = %self.me, "deleted {place}: {why}"),
                    // It was started, or is another one: looked at again.
                    Err(Refusal::NotFound(_) | Refusal::Conflict(_)) => {}
                    Err(other) => self.tell(format!("{place} is not replaced ({why}): {other}")),
                }
            }
        }
    }

    async fn evict(&mut self, member: &Member) {
        if self.settled.contains(&member.incarnation) {
            return;
        }
        let (Some(uid), Some(place)) =
            (self.holders.get(&member.incarnation).cloned(), self.place(member))
        else {
            return self.tell(format!(
                "{} was dropped and has not come back, and no pod was seen to hold its copy: nothing is \
                 deleted",
                member.name
            ));
        };
        let begun = Instant::now();
        loop {
            let answer = self.api.delete(&place, &uid).await;
            let late = begun.elapsed() + RETRY >= self.window;
            return match answer {
                Ok(()) => {
                    self.holders.remove(&member.incarnation);
                    self.settled.insert(member.incarnation);
                    tracing::warn!(
                        replica = %self.me,
                        "deleted {place} (uid {uid}): its backup was dropped and has not come back"
                    );
                }
                Err(Refusal::NotFound(_)) => {
                    self.settled.insert(member.incarnation);
                    self.tell(format!("{place} is gone already"));
                }
                Err(Refusal::Conflict(_)) => {
                    self.settled.insert(member.incarnation);
                    self.tell(format!("another pod is in the place of {place}: it is left alone"));
                }
                Err(Refusal::Unclear(_)) if !late => {
                    tokio::time::sleep(RETRY).await;
                    continue;
                }
                Err(why) => self.tell(format!("{place} is not replaced: {why}")),
            };
        }
    }

    /// A line that does not repeat at once.
    fn tell(&mut self, text: String) {
        if text != self.told {
            tracing::warn!(replica = %self.me, "{text}");
            self.told = text;
        }
    }
}

/// Looks and deletes until the view's sender is gone.
pub async fn carry_out(
    mut evictor: Evictor,
    mut orders: mpsc::Receiver<Member>,
    mut view: watch::Receiver<Arc<View>>,
) {
    loop {
        tokio::select! {
            biased;
            Some(member) = orders.recv() => evictor.evict(&member).await,
            changed = view.changed() => {
                if changed.is_err() {
                    return;
                }
                let now = view.borrow_and_update().clone();
                evictor.look(&now).await;
                evictor.look_for_stuck(&now).await;
            }
        }
    }
}
