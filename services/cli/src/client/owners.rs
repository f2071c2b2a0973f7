//! Who has how much of what the quota bounds.

use serde_json::json;
use understudy_proto::admin::v1::{ListOwnersRequest, Owner};

use super::connection::Connection;
use super::{grid, print, record};
use crate::failure::Failure;

/// Shows all owners: as JSON one a line, as text in one table.
pub async fn show(connection: &Connection) -> Result<(), Failure> {
    let client = connection.client();
    let (mut request, mut rows, mut any) = (ListOwnersRequest::default(), Vec::new(), false);
    loop {
        let page = client.list_owners(request).await?;
        match connection.json() {
            true => {
                let lines = page.owners.iter().map(values);
                lines.for_each(|owner| print::json(&record::answer(&client, owner)));
                any |= !page.owners.is_empty();
            }
            false => rows.extend(page.owners.iter().map(row)),
        }
        if page.next_page_token.is_empty() {
            break;
        }
        print::written()?;
        request = ListOwnersRequest { page_token: page.next_page_token, page_size: 0 };
    }
    if !connection.json() {
        print::line(grid::text(&["OWNER", "SESSIONS", "LEASES", "GENERATORS"], rows, &[1, 2, 3]));
    }
    if connection.json() && !any {
        print::json(&record::answer(&client, json!({})));
    }
    print::written()
}

fn values(owner: &Owner) -> serde_json::Value {
    let Owner { owner, sessions, leases, generators } = owner;
    json!({ "owner": owner, "sessions": sessions, "leases": leases, "generators": generators })
}

fn row(owner: &Owner) -> Vec<String> {
    let numbers = [owner.sessions, owner.leases, owner.generators].map(print::grouped);
    [vec![print::text(owner.owner.as_bytes())], numbers.into()].concat()
}
