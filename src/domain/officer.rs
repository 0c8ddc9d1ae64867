//! `[pure]` Officers' roles and what each may do.

crate::words! {
    /// What an account is for.
    Role {
        /// Neighbourhood officer: writes alerts, answers residents.
        Officer = "officer",
        /// Sees and steers all of their team's and area's conversations.
        Supervisor = "supervisor",
        /// Watches over what is urgent and what nobody has taken up, in their area or the whole force.
        DutyDesk = "duty_desk",
        /// Media team: volumes and alert texts, never a correspondent's address or words.
        Press = "press",
        /// Runs the installation; reads no replies unless somebody gave them that.
        Admin = "admin",
    }
}

impl Role {
    /// May read and answer conversations.
    pub const fn reads_replies(self) -> bool {
        matches!(self, Self::Officer | Self::Supervisor | Self::DutyDesk)
    }
    /// May write and publish alerts: whoever owns one gets its replies, so it must be somebody who may read them.
    pub const fn writes_alerts(self) -> bool {
        self.reads_replies()
    }
    /// May hand other officers' conversations about, and sees what only a supervisor should.
    pub const fn supervises(self) -> bool {
        matches!(self, Self::Supervisor | Self::DutyDesk)
    }
    /// May see response volumes.
    pub const fn sees_volumes(self) -> bool {
        true
    }
    /// May see channels' health and parked envelopes.
    pub const fn administers(self) -> bool {
        matches!(self, Self::Admin)
    }
}
