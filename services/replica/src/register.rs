//! The register's task: asks the arbiter in the loop's stead, so that the loop never waits for it.

use std::sync::Arc;
use std::time::Duration;

use tokio::sync::mpsc;
use understudy_arbiter::Arbiter;
use understudy_protocol::{Event, Observed, Record};

use crate::inbox::{Input, Outlet};

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
        while let Some(order) = desk.recv().await {
            let event = match order {
                Order::Read => Event::RegisterRead(arbiter.read().await),
                Order::Write(write) => {
                    Event::RegisterWritten(arbiter.write(&write.base, &write.record).await)
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
