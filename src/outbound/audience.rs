//! `[pure]` Audience: for each address in the chosen areas, a copy or the reason why not.

use crate::domain::audience::Exclusion;

/// What is known of an address in the chosen areas.
#[derive(Clone, Copy, Debug)]
pub struct Facts {
    /// One of the chosen groups is theirs (and they did not leave it by text), or none was chosen.
    pub in_group: bool,
    /// They left one of the chosen groups by text: `STOP dog walkers`.
    pub left_group: bool,
    /// A suppression stands against it.
    pub suppressed: bool,
    /// They want alerts here.
    pub enabled: bool,
    /// They proved that it is theirs.
    pub verified: bool,
    /// It fails for good.
    pub bad: bool,
    /// A channel of its kind is configured.
    pub has_channel: bool,
}

/// A copy, or the first reason against one. An opt-out is named before anything that is less the person's own will.
pub fn decide(facts: &Facts) -> Result<(), Exclusion> {
    if facts.suppressed {
        Err(Exclusion::OptedOut)
    } else if !facts.in_group {
        // Whoever has another of the chosen groups gets their copy by that one.
        Err(if facts.left_group { Exclusion::LeftGroup } else { Exclusion::NotInGroups })
    } else if !facts.verified {
        Err(Exclusion::Unconfirmed)
    } else if facts.bad {
        Err(Exclusion::BadAddress)
    } else if !facts.enabled {
        Err(Exclusion::ChannelOff)
    } else if !facts.has_channel {
        Err(Exclusion::NoChannel)
    } else {
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const GOOD: Facts = Facts { in_group: true, left_group: false, suppressed: false, enabled: true, verified: true, bad: false, has_channel: true };

    #[test]
    fn a_sound_address_gets_a_copy_and_every_defect_has_its_reason() {
        assert_eq!(decide(&GOOD), Ok(()));
        for (facts, reason) in [
            (Facts { suppressed: true, in_group: false, ..GOOD }, Exclusion::OptedOut),
            (Facts { in_group: false, ..GOOD }, Exclusion::NotInGroups),
            (Facts { in_group: false, left_group: true, ..GOOD }, Exclusion::LeftGroup),
            (Facts { verified: false, ..GOOD }, Exclusion::Unconfirmed),
            (Facts { bad: true, ..GOOD }, Exclusion::BadAddress),
            (Facts { enabled: false, ..GOOD }, Exclusion::ChannelOff),
            (Facts { has_channel: false, ..GOOD }, Exclusion::NoChannel),
        ] {
            assert_eq!(decide(&facts), Err(reason));
        }
        assert_eq!(decide(&Facts { left_group: true, ..GOOD }), Ok(()), "another of the groups is theirs still");
    }
}
