//! `[pure]` Officers' roles and what each may do.

crate::words! {
    /// What an account is for.
    Role {
        /// Neighbourhood officer: writes alerts, answers residents.
        Officer = "officer",
        /// Media team: volumes and alert texts, never a correspondent's address or words.
        Press = "press",
        /// Runs the installation; does not read replies.
        Admin = "admin",
    }
}

impl Role {
    /// May read and answer conversations.
    pub const fn reads_replies(self) -> bool {
        matches!(self, Self::Officer)
    }
    /// May write and publish alerts: whoever owns one gets its replies, so it must be somebody who may read them.
    pub const fn writes_alerts(self) -> bool {
        self.reads_replies()
    }
    /// May see response volumes.
    pub const fn sees_volumes(self) -> bool {
        matches!(self, Self::Press | Self::Officer | Self::Admin)
    }
    /// May see channels' health and parked envelopes.
    pub const fn administers(self) -> bool {
        matches!(self, Self::Admin)
    }
}
