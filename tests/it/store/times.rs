//! `At` on its way to a database and back: whole microseconds, in order, in UTC.

use diesel_async::RunQueryDsl;
use huecry::domain::At;
use huecry::on;
use huecry::store::deliveries::{self, DeliveryRow};
use huecry::store::outbox;

use crate::support::rows::SMS;

fn micros(micros: i64) -> At {
    At::from_naive(chrono::DateTime::from_timestamp_micros(micros).unwrap().naive_utc())
}

/// Around a whole second, where digits come and go, and far from today.
const MOMENTS: [i64; 9] =
    [-1, 0, 1, 1_795_338_000_000_000, 1_795_338_000_000_001, 1_795_338_000_100_000, 1_795_338_000_123_000, 1_795_338_000_999_999, 4_102_444_799_999_999];

on_both!(a_moment_comes_back_to_the_microsecond, async |db| {
    for moment in MOMENTS {
        let row = DeliveryRow { created_at: micros(moment), sending_at: Some(micros(moment)), ..db.new_delivery(&db.new_alert(1), "07700 900001") };
        deliveries::insert(&mut db.write().await, vec![row.clone()]).await.unwrap();
        let back = deliveries::find(&mut db.read().await, row.id).await.unwrap().unwrap();
        assert_eq!((back.created_at, back.sending_at), (micros(moment), Some(micros(moment))));
    }
});

on_both!(the_database_compares_moments_as_time_does, async |db| {
    use diesel::sql_types::{Bool, Timestamp};
    #[derive(diesel::QueryableByName)]
    struct Compared {
        #[diesel(sql_type = Bool)]
        earlier: bool,
    }
    let mut conn = db.write().await;
    for (i, a) in MOMENTS.into_iter().enumerate() {
        for (j, b) in MOMENTS.into_iter().enumerate() {
            let query = diesel::sql_query("SELECT $1 < $2 AS earlier").bind::<Timestamp, _>(micros(a)).bind::<Timestamp, _>(micros(b));
            let found: Compared = on!(&mut conn, c => query.get_result(c).await).unwrap();
            assert_eq!(found.earlier, i < j, "{a} before {b}");
        }
    }
});

on_both!(a_stored_moment_is_due_at_that_microsecond_and_not_one_before, async |db| {
    let due = micros(1_795_338_000_100_000);
    // Put off when it had been tried: what is due from its making is due whatever our clock says since.
    let row = DeliveryRow { created_at: due.plus_ms(-60_000), next_attempt_at: due, ..db.new_delivery(&db.new_alert(1), "07700 900001") };
    let mut conn = db.write().await;
    deliveries::insert(&mut conn, vec![row]).await.unwrap();
    for (now, claimed) in [(micros(1_795_338_000_099_999), 0), (due, 1)] {
        let rows = conn.transaction(async |conn| outbox::claim(conn, SMS, "a", 10, 60_000, now).await).await.unwrap();
        assert_eq!(rows.leaving.len(), claimed, "{now:?}");
    }
});
