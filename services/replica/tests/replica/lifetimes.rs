//! How long sessions live is the quota's to say, and keys live on leases that there are.

use tonic::{Code, Status};
use understudy_proto::admin::v1::Quota;
use understudy_proto::kv::v1::*;

use crate::bounds::Alone;
use crate::common::{check, get, put, reason, session};

#[tokio::test]
async fn a_session_lives_as_long_as_the_quota_allows() {
    let mut alone = Alone::born().await;
    let mut sessions = session(&alone.cluster.clients(0)).await.unwrap();
    let mut open = async |ttl_ms| {
        let opened = sessions.open_session(OpenSessionRequest { ttl_ms }).await?;
        Ok::<_, Status>(opened.into_inner().ttl_ms)
    };
    let refused = |status: Status, limit: i64| {
        let limit = format!("limit={limit}");
        check(status, Code::InvalidArgument, "INVALID_TTL", &["field=ttl_ms", &limit]);
    };
    const DAY: i64 = 86_400_000;
    for ttl in [100, 101, 999, 1000, DAY] {
        assert_eq!(open(ttl).await.unwrap(), ttl);
    }
    for (ttl, limit) in [(1, 100), (99, 100), (DAY + 1, DAY), (i64::MAX, DAY)] {
        refused(open(ttl).await.unwrap_err(), limit);
    }
    assert_eq!(reason(&open(-1).await.unwrap_err()).0, "INVALID_TTL");
    let between = |least: i64, most: i64| Quota {
        min_session_ttl_ms: Some(least as u64),
        max_session_ttl_ms: Some(most as u64),
        ..Quota::default()
    };
    for (least, most, default) in [
        (100, DAY, 300_000),
        (1, 1_000, 1_000),
        (400_000, DAY, 400_000),
        (7, 7, 7),
        (1, 30 * DAY, 300_000),
    ] {
        alone.quota(between(least, most)).await.unwrap();
        assert_eq!(open(0).await.unwrap(), default);
        assert_eq!(open(least).await.unwrap(), least);
        assert_eq!(open(most).await.unwrap(), most);
        refused(open(most + 1).await.unwrap_err(), most);
        if least > 1 {
            refused(open(least - 1).await.unwrap_err(), least);
        }
    }
    for (quota, field, limit) in [
        (between(0, DAY), "field=min_session_ttl_ms", "limit=1"),
        (between(1, 30 * DAY + 1), "field=max_session_ttl_ms", "limit=2592000000"),
        (between(2000, 1000), "field=min_session_ttl_ms", "limit=1000"),
    ] {
        let refused = alone.quota(quota).await.unwrap_err();
        check(refused, Code::InvalidArgument, "INVALID_SETTINGS", &[field, limit]);
    }
}

/// No lease has the number 0: a request that names it does not mean "none".
#[tokio::test]
async fn a_key_is_attached_to_a_lease_that_is_there_or_not_written() {
    let mut alone = Alone::born().await;
    let request = PutRequest { lifetime: Some(put_request::Lifetime::LeaseId(0)), ..put("k", "v") };
    let refused = alone.client.put(request).await.unwrap_err();
    check(refused, Code::NotFound, "LEASE_NOT_FOUND", &["lease_id=0"]);
    assert_eq!(alone.client.get(get("k")).await.unwrap().into_inner().kv, None);
}
