//! The window, and that sequences are never used twice.

use std::time::Duration;

use crate::fake::Fake;
use crate::model::Model;
use crate::reply::{Reply, not_primary, outcome_unknown};
use crate::{client, options};

/// Waits until `count` stamps have arrived, then long enough for any that should not.
async fn settle(model: &Model, count: usize) {
    while model.stamps().len() < count {
        tokio::time::sleep(Duration::from_millis(5)).await;
    }
    tokio::time::sleep(Duration::from_millis(100)).await;
}

#[tokio::test]
async fn no_more_are_under_way_than_the_window_allows() {
    let model = Model::default();
    let primary = Fake::with_window(&model, Reply::Execute, 8);
    primary.next([Reply::Hang]);
    let client = client(&primary.address, options().attempt_timeout(Duration::from_secs(15)));
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.put("slow", "1").await }
    });
    settle(&model, 1).await;
    let others: Vec<_> = (0..20)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.put(format!("{n}"), "1").await })
        })
        .collect();
    // All but the first are answered at once, but 9 lies outside the window that begins at 1.
    settle(&model, 8).await;
    assert_eq!(model.stamps().last(), Some(&(10, 8)));
    // Nobody asks for the first one's answer any more: the window moves on.
    first.abort();
    for other in others {
        other.await.unwrap().unwrap();
    }
    assert_eq!(model.stamps().last(), Some(&(10, 21)));
    assert_eq!(model.trouble(), Vec::<String>::new());
}

#[tokio::test]
async fn waiting_for_the_window_counts_towards_the_deadline() {
    let model = Model::default();
    let primary = Fake::with_window(&model, Reply::Hang, 1);
    let client = client(&primary.address, options());
    let first = tokio::spawn({
        let client = client.clone();
        async move { client.put("slow", "1").await }
    });
    settle(&model, 1).await;
    let error = client.with_deadline(Duration::from_millis(50)).put("a", "1").await.unwrap_err();
    assert!(matches!(error, understudy_client::Error::Unavailable { .. }), "{error}");
    first.abort();
    assert_eq!(model.stamps(), [(10, 1)]);
}

#[tokio::test]
async fn in_all_confusion_each_put_is_executed_once_under_one_sequence() {
    let model = Model::default();
    let a = Fake::start(&model, Reply::Execute);
    let b = Fake::start(&model, Reply::Execute);
    for (n, fake) in [&a, &b, &a, &b, &a, &b].into_iter().enumerate() {
        fake.next((0..40).map(|i| match (n + i) % 5 {
            0 => Reply::ExecuteThen(outcome_unknown()),
            1 => Reply::Fail(outcome_unknown()),
            2 => not_primary(if n % 2 == 0 { &b.address } else { &a.address }),
            3 => not_primary(""),
            _ => Reply::Execute,
        }));
    }
    let client = client(&format!("{},{}", a.address, b.address), options());
    let puts: Vec<_> = (0..200)
        .map(|n| {
            let client = client.clone();
            tokio::spawn(async move { client.put(format!("{n}"), "1").await })
        })
        .collect();
    for put in puts {
        put.await.unwrap().unwrap();
    }
    let mut executed = model.executed();
    executed.sort();
    executed.dedup();
    assert_eq!(executed.len(), 200);
    assert_eq!(model.executed().len(), 200);
    assert_eq!(model.stamps().len(), 200);
    assert_eq!(model.trouble(), Vec::<String>::new());
}
