//! No two processes that share a database have the same number, which their ids bear.

use diesel::QueryableByName;
use diesel::sql_types::Bool;
use diesel_async::RunQueryDsl;
use huecry::store::{Conn, presence};

use crate::support::app::{TestApp, eventually};
use crate::support::db::TestDb;

#[tokio::test(flavor = "multi_thread")]
async fn a_number_is_one_processs_for_as_long_as_it_lives() {
    let db = TestDb::postgres().await;
    let take = async |wish: u16| presence::take_number(&db.url, wish).await.unwrap().unwrap();
    let mut first = take(7).await;
    let second = take(7).await;
    assert!(first.node == 7 && second.node != 7 && first.lasts().await);
    drop(first);
    eventually("the number to be free", async || Some(take(7).await).filter(|taken| taken.node == 7)).await;
}

#[derive(QueryableByName)]
struct Ended {
    #[diesel(sql_type = Bool)]
    ended: bool,
}

#[tokio::test(flavor = "multi_thread")]
async fn a_node_that_lost_its_number_to_another_goes_on_under_a_new_one() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    let node = t.app.ids().node();
    t.app.keep_number().await.unwrap();
    assert_eq!(t.app.ids().node(), node, "its number is its own");
    // As when the server was restarted, and another gateway came first.
    let end = format!(
        "SELECT pg_terminate_backend(pid) AS ended FROM pg_locks WHERE locktype = 'advisory' AND objid = {} \
         AND database = (SELECT oid FROM pg_database WHERE datname = current_database())",
        8_486_000 + node
    );
    let Conn::Pg(c) = &mut db.write().await else { panic!("numbers are held on PostgreSQL") };
    let ended: Vec<Ended> = diesel::sql_query(end).load(&mut **c).await.unwrap();
    assert!(ended.len() == 1 && ended[0].ended, "one connection held it");
    let wish = u16::try_from(node).unwrap();
    let other = eventually("the other to have it", async || presence::take_number(&db.url, wish).await.unwrap().filter(|taken| taken.node == wish)).await;
    t.app.keep_number().await.unwrap();
    let now = t.app.ids().node();
    assert_ne!(now, i64::from(other.node));
    assert_eq!((t.app.next_id() >> 12) & 1_023, now, "its ids bear the new one");
    t.stop().await;
}
