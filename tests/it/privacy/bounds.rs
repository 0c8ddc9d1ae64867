//! An installation that outgrows the embedded database is told so in time, and what to do.

use huecry::domain::bounds::{Ceiling, Load, SQLITE};
use huecry::privacy::bounds;
use huecry::store::load;

use crate::support::app::TestApp;
use crate::support::db::TestDb;

const DAY_MS: i64 = 86_400_000;

#[tokio::test(flavor = "multi_thread")]
async fn on_sqlite_administrators_read_it_once_a_day_with_the_command() {
    let db = TestDb::sqlite().await;
    let t = TestApp::start_with(&db, "", false).await;
    let alert = db.add_alert(t.owner.id, &[]).await;
    for n in 0..8 {
        let id = huecry::domain::Ids::floor(t.app.now()) + n;
        let row = huecry::store::deliveries::DeliveryRow { id, ..db.new_delivery(&alert, &format!("07700 9001{n:02}")) };
        huecry::store::deliveries::insert(&mut db.write().await, vec![row]).await.unwrap();
    }
    let found = load::of_sqlite(&mut db.read().await, t.app.now()).await.unwrap().unwrap();
    assert!(found.rows == 8 && found.day == 8 && found.bytes > 100_000, "{found:?}");
    assert_eq!(load::of_sqlite(&mut db.read().await, t.app.now().plus_ms(2 * DAY_MS)).await.unwrap().unwrap().day, 0);

    assert_eq!(bounds::look(&t.app, &SQLITE).await.unwrap(), None);
    let low = Ceiling(Load { rows: 10, ..SQLITE.0 });
    let told = bounds::look(&t.app, &low).await.unwrap().unwrap();
    assert!(told.contains("8 messages sent and received of the 10") && told.contains("huecry migrate --from sqlite:"), "{told}");
    assert_eq!(bounds::look(&t.app, &low).await.unwrap(), None, "once is enough for a day");
    let page = t.officer("admin@force.example").await.get("/admin").await.body;
    assert!(page.contains("near its bounds") && page.contains("huecry migrate --from"), "{page}");
    t.app.clock().advance_ms(DAY_MS + 1);
    assert!(bounds::look(&t.app, &low).await.unwrap().is_some());
    t.stop().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn on_postgres_there_is_nothing_to_say() {
    let db = TestDb::postgres().await;
    let t = TestApp::start_with(&db, "", false).await;
    assert_eq!(bounds::look(&t.app, &Ceiling(Load::default())).await.unwrap(), None);
    t.stop().await;
}
