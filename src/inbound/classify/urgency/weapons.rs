//! `[pure]` Signs of weapons.

use super::signs::{
    Force::{Danger, Sure},
    Say,
    SignKind::Weapon,
};

pub(super) const SAID: &[Say] = &[
    Say(
        Weapon,
        Sure,
        &[
            "(?:hes|shes|theyre|theyve|he|she|they|has|have|got|with|holding|carrying|waving|pointing|pulled|pulling|brandishing|took|taken|took his|pulls|\
            gets|getting|swinging|wielding|had|whos|im|ive|come with|came out with|out with|hiding|sharpening|loading|loaded|drawn|grabbed|got hold of|\
            flashing|showing|showed|holds|picked up|reaching for) (?:just |still |now |also |his |her |a )?(?:a |an |the |his |her |my |their |got |\
            with |out |some |that |been |big |massive |huge |kitchen |carving |zombie |bread |butchers? |stanley |hunting |sharp |long |samurai |\
            what looks like |what appears to be |some sort of |broken |baseball |dads |machette |loaded |real |air |sawn off |pellet |flick |rambo |\
            craft |pair of |in )*(?:knife|knives|blade|machete|zombie knife|gun|guns|rifle|shotgun|handgun|pistol|crossbow|axe|hatchet|sword|katana|\
            samurai|baseball bat|cleaver|sawn off|firearm|revolver|shank|flick ?knife|dagger|screwdriver|hammer|crowbar|iron bar|metal bar|golf club|\
            chainsaw|acid|nail gun|taser|broken bottle|bottle of acid|weapon|weapons|uzi|ak|glock|scythe|pitchfork|razor|scissors|metal pole|\
            cricket bat|catapult|bow and arrow|nunchucks|knuckle ?duster|burner|strap|mash|ching|rambo|bat|pole|pickaxe|slash hook|billhook|bayonet|\
            harpoon|bow|stanley|glass|needle|syringe)\\b",
            "^(?:\\w+ ){0,2}(?:gun|guns|knife|knives|machete|blade|armed|axe|shooter|gunman|acid|shots|shooting|stabbing|stabbed)(?: \\w+){0,3}(?: [.,]|$)",
            "(?:knife|blade|gun|machete|weapon|axe|sword|bat|hammer|crowbar) (?:to|at|against|in|on|out|under|up) (?:my|his|her|their|our|the|someones|now|\
            its|a)?(?: \\w+)?(?: throat| neck| head| face| back| ribs| now| hand| sleeve| coat| cashier| window)?",
            "armed (?:man|men|with|and|robbery|robbers|lads|gang|police please)",
            "\\barmed\\b",
            "(?:gun|gunman|shooter|shots?|gunshots?|gunfire)<g> (?:now|fired|outside|inside|being|heard|going off|in the|at the|coming|just|loose|active)",
            "(?:im|he|she|is|been|got|was|just|has|have|were|hes|shes|someone|man|boy|girl|lad|they|theyve|mate|one|kid) (?:been |got |just |being |\
            getting |has |been )*(?:shot|stabbed|slashed|knifed|glassed|bottled|shanked|wetted|chinged|jooked)",
            "(?:stabbing|shooting|slashing|knifing) (?:at |him|her|me|them|someone|people|us|now|each|going|happening|outside|in|just|everyone|my)",
            "(?:shot|stabbed|shoot|stab|slash|slashed|knifed|bottled|glassed|hacked|chopped) (?:him|her|me|them|someone|somebody|my|the|a|us|each|himself|\
            herself|people|in the|our)",
            "acid (?:thrown|attack|in|on|over|at)",
            "(?:threw|thrown|chucked|throwing|sprayed|squirted)<g> (?:acid|ammonia|bleach|boiling|petrol|brick|bottle)<g> (?:at|in|over|on|face|him|her|me)",
            "long under (?:his|her|their) coat",
            "(?:zombie|rambo) (?:knife|knives)",
            "machete\\w*",
            "crossbow",
            "balaclavas?<C> (?:knife|bat|kick\\w*|door|axe|outside|gun|car|hammer|bar)",
            "pointed at (?:the|me|us|him|her|people|houses|kids)",
            "(?:guns?|shotguns?|rifle|firearm)<g> (?:not in|gone from|missing from|isnt in|missing|gone|across my knee|cabinet)",
            "shotgun (?:certificate|licen[cs]e)<C> (?:gun|gone|missing|cabinet|drinking|angry|upset)",
            "took (?:his|her|my|the|dads) (?:\\w+ )?(?:shotgun|gun|knife|rifle|axe|bat|machete|crossbow|hammer)",
            "🔪",
            "🔫",
            "🗡",
            "bullets",
            "loading (?:it|his|the|a)",
            "going off in (?:his|her) (?:bag|pocket)",
        ],
    ),
    Say(
        Weapon,
        Danger,
        &[
            "knife",
            "knives",
            "blade",
            "gun",
            "guns",
            "rifle",
            "shotgun",
            "handgun",
            "pistol",
            "firearm",
            "sword",
            "axe",
            "hammer",
            "crowbar",
            "baseball bat",
            "\\bbat\\b",
            "iron bar",
            "weapons?",
            "gunshots?",
            "shots",
            "razor",
            "acid",
            "screwdriver",
            "broken bottle",
            "chainsaw",
            "bayonet",
            "stabbed",
            "stabbing",
            "shooting",
            "shooter",
            "catapult",
            "taser",
            "metal pole",
            "bricks?",
            "balaclavas?",
            "ballys?",
            "duct tape",
            "cable ties",
            "rope",
        ],
    ),
];
