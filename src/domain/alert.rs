//! `[pure]` Alerts: their kinds, urgency and life.

crate::words! {
    /// What an alert is for; decides which rules of consent apply to it (uk.md R1).
    AlertKind {
        /// Asks the public for information.
        Appeal = "appeal",
        /// Tells of a danger or a crime pattern.
        Warning = "warning",
        /// Advice on how not to become a victim.
        Prevention = "prevention",
        /// A meeting or surgery.
        Event = "event",
    }
}

impl AlertKind {
    /// For people.
    pub const fn label(self) -> &'static str {
        match self {
            Self::Appeal => "Appeal for information",
            Self::Warning => "Warning",
            Self::Prevention => "Crime prevention",
            Self::Event => "Event",
        }
    }
}

crate::words! {
    /// How fast an alert must go.
    Urgency {
        /// In its turn.
        Routine = "routine",
        /// Before routine ones.
        Urgent = "urgent",
        /// Someone may die.
        LifeAtRisk = "life_at_risk",
    }
}

crate::words! {
    /// Where an alert stands.
    AlertStatus {
        /// Accepted; its hour has not come: nothing is queued yet, and its audience is drawn when it comes.
        Scheduled = "scheduled",
        /// Published; the fan-out into deliveries is under way.
        Publishing = "publishing",
        /// Every delivery is queued; replies are awaited.
        Live = "live",
        /// An officer took it back: what had not left does not leave, and it is not on the public page.
        TakenBack = "taken_back",
        /// No longer asked for.
        Closed = "closed",
    }
}

crate::words! {
    /// Why nothing more of an alert leaves, though some of it waits.
    Hold {
        /// An officer paused it.
        Paused = "paused",
        /// Quiet hours began while it went out; it goes on by itself when they end.
        Quiet = "quiet",
        /// An officer took it back.
        TakenBack = "taken_back",
    }
}
