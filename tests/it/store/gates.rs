//! What all nodes agree on about a channel outlives a clock that was put back.

use huecry::outbound::pace;
use huecry::store::gates::{self, GateRow};

use crate::support::rows::SMS;

// A fail-over to a server whose clock is behind: what was free a moment ago is minutes ahead.
on_both!(a_database_clock_put_back_by_minutes_does_not_stop_a_channel, async |db| {
    let mut conn = db.write().await;
    for (ahead_ms, room) in [(30_000, true), (300_000, true), (1_500, false)] {
        let (gate, at) = conn.transaction(async |conn| gates::lock(conn, SMS).await).await.unwrap();
        gates::put(&mut conn, &GateRow { free_at: at.plus_ms(ahead_ms), ..gate }).await.unwrap();
        let (gate, at) = gates::find(&mut conn, SMS).await.unwrap().unwrap();
        assert_eq!(pace::room(gate.free_at, at, 10).count > 0, room, "{ahead_ms} ms ahead");
    }
});

// The patience that a provider asked for may be minutes.
on_both!(a_pause_of_minutes_stands, async |db| {
    let mut conn = db.write().await;
    let (gate, at) = conn.transaction(async |conn| gates::lock(conn, SMS).await).await.unwrap();
    gates::put(&mut conn, &GateRow { paused_until: Some(at.plus_ms(300_000)), ..gate }).await.unwrap();
    let (gate, _) = gates::find(&mut conn, SMS).await.unwrap().unwrap();
    assert_eq!(gate.paused_until, Some(at.plus_ms(300_000)));
});
