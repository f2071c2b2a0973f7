//! A client that takes the lock again and again, and does with it what programs do.

use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use fastrand::Rng;
use tokio::sync::watch;
use understudy_client::proto::kv::v1::compare::Operand;
use understudy_client::proto::kv::v1::{Compare, CompareOperator};
use understudy_client::{Client, Endpoints, Lock, Options};

use super::Keys;
use super::account::{Account, Tenure, Write};
use super::way::Way;
use crate::torture::clients::{EARLY, LoadConfig};

/// How often a holder looks whether it still is one.
const BEAT: Duration = Duration::from_millis(20);
/// How late `lost` may tell what `is_held` told.
const LATE: Duration = Duration::from_secs(1);

/// One client.
pub struct Holder {
    endpoints: Endpoints,
    number: u64,
    keys: Keys,
    clock: Instant,
    stopped: watch::Receiver<bool>,
    random: Rng,
    account: Account,
}

impl Holder {
    pub fn new(load: &LoadConfig, number: u64, keys: Keys, stopped: watch::Receiver<bool>) -> Self {
        Holder {
            endpoints: load.endpoints.clone(),
            number,
            keys,
            clock: load.clock,
            stopped,
            random: Rng::with_seed(load.seed.wrapping_sub(number + 1)),
            account: Account::default(),
        }
    }

    /// Runs on a thread of its own, which can be stopped as a process can.
    ///
    /// # Errors
    /// A sentence, when there is none.
    pub fn start(self) -> Result<JoinHandle<Account>, String> {
        let runtime = tokio::runtime::Builder::new_current_thread().enable_all().build();
        let runtime = runtime.map_err(|error| format!("no runtime for a lock: {error}"))?;
        let thread = std::thread::Builder::new().name(format!("holder-{}", self.number));
        thread
            .spawn(move || runtime.block_on(self.run()))
            .map_err(|error| format!("no thread for a lock: {error}"))
    }

    async fn run(mut self) -> Account {
        let deadline = if self.number == 1 { EARLY } else { Options::default().deadline };
        let client = Client::new(&self.endpoints, Options::default().deadline(deadline));
        for attempt in 0.. {
            if *self.stopped.borrow() {
                break;
            }
            self.attempt(&client, attempt).await;
        }
        client.close().await;
        self.account
    }

    async fn attempt(&mut self, client: &Client, attempt: u64) {
        let ttl = Duration::from_millis(self.random.u64(1_000..=2_500));
        let wait = Duration::from_secs([0, 1, 30, 30, 30, 30][self.random.usize(0..6)]);
        let begin = Instant::now();
        let value = format!("client {} of the lock, attempt {attempt}", self.number);
        let acquire = client.lock(self.keys.lock.clone()).value(value).ttl(ttl).wait(wait);
        let taken = tokio::select! {
            taken = acquire => taken,
            _ = self.stopped.wait_for(|stopped| *stopped) => return,
        };
        match taken {
            Ok(lock) => {
                self.account.longest_wait = self.account.longest_wait.max(begin.elapsed());
                self.hold(client, lock, ttl).await;
            }
            // It was not free, or nobody answered. Whether it is when all is healed is seen at the end.
            Err(_) => {
                let pause = self.random.u64(20..200);
                tokio::time::sleep(Duration::from_millis(pause)).await;
            }
        }
    }

    async fn hold(&mut self, client: &Client, lock: Lock, ttl: Duration) {
        let mut tenure = None;
        if self.look(&lock, &mut tenure) {
            self.write(client, &lock, "first").await;
        }
        let way = Way::draw(&mut self.random);
        let lasts = way.lasts(&mut self.random, ttl);
        match way {
            Way::Stopped => std::thread::sleep(lasts),
            _ => self.stay(&lock, &mut tenure, lasts).await,
        }
        self.look(&lock, &mut tenure);
        // Whoever has lost the lock must be stopped by its token, so it does not ask before it writes.
        self.write(client, &lock, "last").await;
        if !self.look(&lock, &mut tenure) {
            self.account.lost += 1;
            let told = tokio::time::timeout(LATE, lock.lost()).await.is_ok();
            // A renewal that was under way may have given it back.
            if !told && !lock.is_held() {
                let token = lock.token();
                self.account.broken.push(format!("lost() does not tell that of token {token}"));
            }
        }
        self.account.tenures.extend(tenure);
        way.end(lock).await;
    }

    /// Holds the lock until it is lost, or the time is over.
    async fn stay(&self, lock: &Lock, tenure: &mut Option<Tenure>, lasts: Duration) {
        let until = Instant::now() + lasts;
        while self.look(lock, tenure) && Instant::now() < until && !*self.stopped.borrow() {
            tokio::select! {
                () = tokio::time::sleep(BEAT) => {}
                () = lock.lost() => return,
            }
        }
    }

    /// Whether the lock says that it is held; if so, the tenure lasts.
    ///
    /// The moment is taken before the lock is asked, so a thread that waits for a CPU makes a tenure
    /// shorter, never longer.
    fn look(&self, lock: &Lock, tenure: &mut Option<Tenure>) -> bool {
        let now = self.clock.elapsed();
        if !lock.is_held() {
            return false;
        }
        let (holder, token) = (self.number, lock.token());
        tenure.get_or_insert(Tenure { holder, token, from: now, until: now }).until = now;
        true
    }

    /// Writes what the lock guards, if the holder's key is still there.
    async fn write(&mut self, client: &Client, lock: &Lock, which: &str) {
        let token = lock.token();
        let held = Compare {
            key: lock.key().clone(),
            operator: CompareOperator::Equal.into(),
            operand: Some(Operand::CreateRevision(token)),
        };
        let value = format!("the {which} of token {token}");
        let written = client.txn().compare(held).then_put(self.keys.guarded.clone(), value).await;
        match written {
            Ok(answer) if answer.succeeded => {
                let revision = answer.header.unwrap_or_default().revision;
                self.account.writes.push(Write { token, revision });
            }
            Ok(_) => self.account.refused += 1,
            // Not executed, or nobody knows: then it says nothing here.
            Err(_) => {}
        }
    }
}
