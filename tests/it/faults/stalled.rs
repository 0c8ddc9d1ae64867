//! A gateway stands still for longer than its leases last, between claiming a copy and handing it over: another takes the copy
//! over, and the first, which goes on as if no time had passed, hands nothing over.

use super::carrier::Road;
use super::county::{County, Size};
use super::kill::ticks;
use super::records::{age_leases_of, count_deliveries};
use crate::support::app::eventually;
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn what_another_took_over_from_a_node_that_stood_still_is_handed_over_once() {
    let db = TestDb::postgres().await;
    // So slow that each copy is claimed a tenth of a second before its permit: there the node is to stand still.
    let county = County::furnish(&db, Size { road: Road::Notify, people: 10, nodes: 2, at_once: 16, rate: 2 }).await;
    let mut first = county.nodes[0].start(&[]);
    county.nodes[0].ready(&mut first).await;
    let reference = county.publish("routine").await;
    county.carrier.has_taken(2).await;
    // It counts only if one was claimed whose call had not begun when the node stood still.
    let claimed = async || usize::try_from(count_deliveries(&mut db.read().await, "attempts > 0").await).unwrap();
    loop {
        while claimed().await <= county.carrier.tally().await.taken {
            ticks(1).await;
        }
        first.stall();
        // What was on its way arrives.
        ticks(200).await;
        if claimed().await > county.carrier.tally().await.taken {
            break;
        }
        first.go_on();
    }
    age_leases_of(&mut db.write().await, 1).await;
    let mut second = county.nodes[1].start(&[]);
    county.nodes[1].ready(&mut second).await;
    let mut programs = [second];
    county.settle(&mut programs).await;
    assert_eq!(county.carrier.tally().await.taken, county.size.people, "the other has them all");
    first.go_on();
    eventually("the first to look again", async || first.logged().contains("claimed a while ago").then_some(())).await;
    // Whatever it would hand over, it would hand over by then.
    ticks(500).await;
    let verdict = county.judge(&reference, false, 0).await;
    assert!(verdict.faults.is_empty(), "{verdict}");
    assert_eq!(verdict.taken, county.size.people, "{verdict}");
}
