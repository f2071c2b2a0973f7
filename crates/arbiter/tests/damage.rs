//! Content that is not what was written is never taken for a register.
#![allow(clippy::unwrap_used)]

mod common;

use std::fs;
use std::path::Path;

use common::{advance, blank, next, register};
use understudy_arbiter::Arbiter;
use understudy_protocol::{RegisterFailure, WriteAnswer};

async fn damage(dir: &Path) -> String {
    match register(dir).read().await {
        Err(RegisterFailure::Damaged(why)) => why,
        other => panic!("not damaged: {other:?}"),
    }
}

#[tokio::test]
async fn a_damaged_highest_file_hides_what_is_below() {
    let (_temp, dir) = blank();
    let base = advance(&register(&dir), 2).await;
    fs::write(dir.join("register.3"), "").unwrap();
    damage(&dir).await;
    let answer = register(&dir).write(&base, &next(&base, 1)).await;
    assert!(matches!(answer, WriteAnswer::NoAnswer(_)), "{answer:?}");
    assert_eq!(fs::read(dir.join("register.3")).unwrap(), b"");
}

#[tokio::test]
async fn a_copied_file_is_noticed() {
    let (_temp, dir) = blank();
    advance(&register(&dir), 2).await;
    fs::copy(dir.join("register.1"), dir.join("register.9")).unwrap();
    assert!(damage(&dir).await.contains("says epoch 1"));
    fs::copy(dir.join("register.0"), dir.join("register.10")).unwrap();
    assert!(damage(&dir).await.contains("says epoch 0"));
}

#[tokio::test]
async fn a_newer_format_is_named_as_such() {
    let (_temp, dir) = blank();
    fs::write(dir.join("register.1"), "understudy-register 2 something else\n\u{7f}").unwrap();
    assert!(damage(&dir).await.contains("newer format (2,"));
}

#[tokio::test]
async fn a_well_made_file_with_other_fields_is_not_guessed_at() {
    let (_temp, dir) = blank();
    let good = fs::read_to_string(dir.join("register.0")).unwrap();
    let body = good.split_once('\n').unwrap().1.replace("\"record\"", "\"records\"");
    let head = format!("understudy-register 1 {:08x}", crc32c::crc32c(body.as_bytes()));
    fs::write(dir.join("register.0"), format!("{head}\n{body}")).unwrap();
    assert!(damage(&dir).await.contains("unknown field `records`"));
}
