//! The register's task: asks the arbiter on the loop's behalf, so that the loop never waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use understudy_arbiter::Arbiter;
use understudy_protocol::{Event, Observed, Record, WriteAnswer};

use crate::clock::Clock;
use crate::inbox::{Input, Outlet};
use crate::notes::Notes;

/// The protocol has one operation under way at a time.
const ORDERS: usize = 4;

/// What the loop wants of the register.
pub(crate) enum Order {
    Read,
    Write(Box<Write>),
}

/// An attempt to write it.
pub(crate) struct Write {
    pub base: Observed,
    pub record: Record,
}

/// Starts the task; orders are carried out one after the other.
pub(crate) fn start(arbiter: Arc<dyn Arbiter>, outlet: Outlet) -> mpsc::Sender<Order> {
    let (orders, mut desk) = mpsc::channel(ORDERS);
    tokio::spawn(watch(arbiter.clone(), outlet.clone()));
    tokio::spawn(async move {
        // A replica that waits says why in its log, too, and not at every try.
        let (mut notes, clock) = (Notes::default(), Clock::start());
        let mut complain = |why: String| {
            if notes.is_new(clock.now().mono, &why) {
                tracing::warn!("{why}");
            }
        };
        while let Some(order) = desk.recv().await {
            let event = match order {
                Order::Read => {
                    let read = arbiter.read().await;
                    if let Err(failure) = &read {
                        complain(failure.to_string());
                    }
                    Event::RegisterRead(read)
                }
                Order::Write(write) => {
                    let written = arbiter.write(&write.base, &write.record).await;
                    if let WriteAnswer::NoAnswer(why) = &written {
                        complain(format!("the register may not be written: {why}"));
                    }
                    Event::RegisterWritten(written)
                }
            };
            if outlet.send(Input::Event(event)).await.is_err() {
                return;
            }
        }
    });
    orders
}

/// Passes on the arbiter's hints, a bounded number of them.
async fn watch(arbiter: Arc<dyn Arbiter>, outlet: Outlet) {
    loop {
        arbiter.changed().await;
        if outlet.send(Input::Event(Event::RegisterChanged)).await.is_err() {
            return;
        }
        tokio::time::sleep(Duration::from_millis(10)).await;
    }
}
