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
        /// Published; the fan-out into deliveries is under way.
        Publishing = "publishing",
        /// Every delivery is queued; replies are awaited.
        Live = "live",
        /// No longer asked for.
        Closed = "closed",
    }
}
