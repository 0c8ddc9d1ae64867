//! `[pure]` Signs of violence: attacks under way, threats, intruders, people who take the law into their own hands.

use super::signs::{
    Force::{Danger, Hint, Sure},
    Say,
    SignKind::ThreatToLife,
};

pub(super) const SAID: &[Say] = &[
    Say(
        ThreatToLife,
        Sure,
        &[
            // Attacks.
            "turned up (?:at|with|here|outside)(?: \\w+){0,3}",
            "upstairs with my(?: \\w+)?",
            "(?:go|going|went|gone) after (?:him|them|the|her|it)(?: \\w+)?",
            "gone after",
            "(?:foot|knee|boot)s? (?:is |s )?on (?:his|her|my) (?:neck|chest|head|back|throat)",
            "knelt on|kneeling on",
            "ive got him|weve got him|got one of them",
            "hands up",
            "send(?:ing)? someone with",
            "break(?:ing|s)? (?:down )?(?:the |my )?door|is break door|broke(?:n)? down (?:my|the|our) door|broke down my",
            "(?:making|makes|made|forcing|forces|wants) (?:him|her|me|them|us) (?:to )?(?:dig|kneel|drink|swallow|strip|lie|beg|drive|eat|jump|take)(?: \\w+)?",
            "on (?:his|her|their|my) knees",
            "passed (?:between|around|round) (?:men|them)",
            "(?:in|into) the boot",
            "hold of (?:her|his|my|the) (?:elbow|arm|hand|hair|wrist|coat|hood|lead|collar|baby|kids?)",
            "pointing (?:something|it|a|that|the)(?: \\w+){0,4}",
            "something (?:long|heavy|metal|wrapped|shiny|sharp|black)(?: \\w+){0,3}",
            "wrapped in a (?:towel|coat|blanket|jumper|bag)",
            "cut the (?:phone|power|line|wires|electric)",
            "ladder<C> (?:window|girl|bedroom|wall|against|light)",
            "(?:sledge ?hammer|service pistol|air rifle|tyre lever|pick ?axe)(?: \\w+)?",
            "gun ?shots?",
            "shots? fired|started shooting|(?:is|are|theyre|hes|started) shooting",
            "(?:todays?|tonights?|tomorrows?|thursdays?) (?:is )?the day|got a list",
            "what hes going to do",
            "nobodys? walking out|no one(?:s)? walking out|no one leaves",
            "doing the (?:bookies|bank|shop|post office|jewellers)",
            "cant stop myself",
            "outside (?:her|his|my|the) (?:house|work|school|flat|own house)<C> (?:knife|tonight|stop|cousins|waiting|wall|car|hood|three|two)",
            "(?:his|her) cousins(?: \\w+)?",
            "to be cut|be circumcised|\\bfgm\\b|cutting season",
            "holding (?:one|him|her|it|them|someone) (?:in|under|down|over|by)",
            "in the water<C> (?:laughing|holding|under|head)",
            "told them to (?:go|get|attack|kill|bite)",
            "(?:muzzles?|lead|leads) off<C> (?:told|get|set|go|kids|school|attack|let)",
            "picture of my<C>(?: door| house| kids| window)",
            "container<C> (?:sleep|breathe|people|locked|knocking|voices|girls?)",
            "(?:\\w+ )?of us in (?:this|the|a) (?:van|lorry|container|room|unit|trailer|house|cellar)",
            "shut (?:me|us|him|her|them) in",
            "knocking from inside|banging from inside",
            "they went straight over",
            "still out front",
            "doing the whole",
            "both barrels",
            "set (?:a |up a |some )?traps?\\b",
            "(?:shoving|bundling|stuffing|dragging|forcing|pushing|carrying) (?:a |the |some |my |her |him )*(?:woman|girl|man|lad|boy|lady|child|someone|\
            old \\w+|her|him|wife|daughter)",
            "house goes up",
            "goes up with",
            "(?:going|off|gone|gonna) (?:\\w+ )?(?:do|shut up|silence|sort out|visit|teach) the (?:girl|lad|woman|man|witness|grass|one) who",
            "(?:do|did|done|doing) the (?:girl|lad|woman|man|grass) who",
            "finish (?:the job|it off|him off|her off|me off)",
            "(?:handle|something|summat|bulge|metal)<C> (?:trousers|waistband|sleeve|jacket|down his|under his)",
            "in (?:his|her|their) (?:waistband|sleeve|belt)|down his (?:trousers|back)",
            "(?:lads?|them|men|\\d|two|three|four|five|gang|group|loads)<g> (?:of them )?(?:round|around|on|onto|against|surrounding) (?:one|a|him|her|my|\
            this|some)(?: \\w+)?",
            "thing (?:at|to|against) (?:his|her|my) (?:neck|throat|head|back)",
            "mak(?:e|ing) (?:\\w+ )?(?:lie|kneel|get) (?:down|on the)",
            "(?:with|got|has|holding|and|using|waving|gone in with) (?:a |his |the |dads |my )*(?:wheel ?brace|chain|belt|stick|spade|shovel|wrench|spanner|\
            plank|rock|stone|club|truncheon|wood axe|chisel|tyre iron|snooker cue|saw|garden fork|drill|dog chain|cosh|brick|poker|frying pan|mallet|\
            nail ?bar|jemmy|strimmer|rolling pin)",
            "sharpening",
            "pinned (?:against|to|down|in)(?: \\w+)?",
            "got hold of (?:her|him|me|my|them|the)",
            "tied (?:up|me|her|him|mum|dad|my|the|next)(?: \\w+)?",
            "boots? (?:in|going in)|laying the boot",
            "(?:looking|searching|hunting|asking|after|out) for (?:me|him|her|my|kyle|us|the one|revenge|blood|whoever)(?: \\w+)?",
            "what (?:he|she|theyve|they) (?:did|done|do) to (?:me|her|him|us)",
            "hurt(?:s|ing)? (?:me|us|her|him|mummy|my|mum|nan|dad|people|himself|herself)",
            "kick(?:s|ing|ed) (?:my|the|at|out|and screaming)(?: \\w+)?",
            "crawling behind",
            "starting? with my",
            "pay tonight",
            "(?:i )?owe (?:them|him|money|these)",
            "hit (?:him|her|it) too hard",
            "grassed?",
            "(?:hes|shes|theyre|is|are|he|keeps|keep|still|now|started|theres|been|someone|man|men|lads|bloke|husband|partner|boyfriend|neighbour|dad|kids|\
            gang|him|her|them|just|me|and|was|hear|heard|see|stop|starts|son|brother|lad) (?:\\w+ )?(?:hitting|beating|punching|kicking|stamping|\
            strangling|choking|throttling|smothering|suffocating|attacking|battering|stabbing|slapping|hurting|raping|assaulting|dragging|pinning|\
            torturing|whipping|headbutting|biting|mauling|killing|murdering|drowning|burning|shooting|slashing|grabbing|manhandling|abusing|forcing|\
            groping|molesting|jumping on|laying into|smashing|braying|bashing|lamping|leathering|tasering|mugging|robbing) (?:\\w+ )?(?:him|her|me|them|\
            us|my|his|the|a|someone|somebody|an|each|our|on|people|up|everyone|one|this|that|himself|herself|it|into|your|kids|another|woman|girl|mum|\
            dad|hell|head)",
            "(?:beating|battering|kicking|punching|hitting|stamping|brayed|braying|leathering)(?: \\w+){0,3} (?:up|head|crap|face|death|hell|floor|ground|\
            bits)",
            "(?:he|she|they|hes|shes|theyve|just|man|husband|boyfriend|partner|someone|dad|stepdad|neighbour|uncle|brother|son|lads) (?:has |have |just |\
            then |got |is |always |say |keeps )*(?:beat|beats|hit|hits|punched|kicked|strangled|choked|throttled|raped|attacked|stabbed|bit|battered|\
            threw|throws|thrown|dragged|grabbed|pushed|headbutted|slapped|burned|tied|shoved|smashed|hurt|hurts|assaulted|pulled|broke|\
            broken) (?:\\w+ )?(?:me|my|her|him|us|them|mum|a|someone|our|somebody|his|the|your|head|jaw|down|up|arm|\
            another)(?: \\w+)?(?: again| now| just| tonight| bad| badly| door| in| down| up)?",
            "(?:beaten up|beat up|kicked in|battered|being beaten|being attacked|being raped|being strangled|getting beaten|getting battered|\
            getting attacked|getting hit|getting robbed|getting kicked|getting stabbed|getting jumped|being robbed|being mugged|being hit|being kicked|\
            being dragged|being held|being followed|being chased|being stalked|being assaulted|being abducted|being kidnapped|being taken|being killed|\
            being hurt|been attacked|been raped|been beaten|been assaulted|been strangled|been kidnapped|been hurt|followed home|following me|\
            following us|following her|following a|following him|chasing me|chasing us|chasing him|chasing her|chased by|chasing a|chasing my|\
            after me now|after us|coming for (?:me|us|him|her|my)|coming after|come (?:for|after) (?:me|us|him|her)|going for people|going for (?:him|\
            her|them|me|us|the kids))",
            "(?:being|been|getting|im) (?:followed|chased|stalked)",
            "getting closer",
            "stamping on",
            "(?:dragged|dragging|pulled|pulling|pushed|pushing|bundled|bundling|forced|forcing|shoved|shoving|thrown|throwing|snatched|carried|put|putting|\
            made|getting) (?:\\w+ ){0,4}(?:by (?:her|his) hair|into (?:a |the |his |that |an |some )*(?:\\w+ ){0,2}(?:car|van|boot|bushes|alley|\
            underpass|house|taxi|toilets?|woods|audi|golf|bmw|vehicle|lorry|transit|flat|shed|garage))",
            "by (?:her|his|the|my) (?:hair|throat|neck)",
            "hands? (?:round|around|on|over) (?:my|her|his|the) (?:neck|throat|mouth)",
            "(?:rope|belt|cord|scarf|arm|arms|wire|cable|lead|something|noose|tie|sheet)<g> (?:round|around) (?:my|her|his|their|the) (?:neck|throat)",
            "(?:holding|held|hold|pinned|got|grabbed|gripping|grips|has)<g> (?:arm|hair|hand|throat|neck)<g>(?: tight| crying| and|$)",
            "shouting for (?:his|her|their) (?:life|help)",
            "(?:screaming|shouting|screams|crying out|yelling|cries|begging|scream|screamed|calling out)(?: \\w+){0,4} (?:help|for help|murder|stop|get off|\
            let me|no no|dont|please|rape|hes got|life|leave|police|save)",
            "(?:can hear|hear|heard|hearing|just heard|theres)(?: \\w+){0,3} (?:screaming|screams?|a scream|gunshots?|shots|shouting for|smashing|begging|\
            yelling)",
            "screaming<C> (?:gone quiet|quiet|stopped|silence|bang|thud|next door|flat|stop|woman|child|kids|now)",
            "gone quiet",
            "someones? screaming",
            "(?:woman|girl|child|kid|man|someone|lady|wife|baby|she|neighbour|kids) (?:is |are |next door |upstairs )?(?:screaming|begging|crying for help|\
            shouting for help)",
            "kicking (?:off|my|the|her|his|our|down|door|it|at)(?: \\w+){0,3}(?: door| head| in| again| down)",
            "(?:trying|tryin) to (?:\\w+ )?(?:kill|stab|strangle|rape|get in|break in|grab|take|snatch|force|run|hurt|burn|smash|jump|drown|pull|get me|\
            abduct|kidnap|drag|attack|break|hang|end|climb in|kick|get into|get to|lure|hit)",
            "on the (?:floor|ground|deck)<C> (?:kick\\w*|stamp\\w*|beat\\w*|punch\\w*|hit|bleed\\w*|head|moving)",
            "(?:theres|big|massive|a|huge|mass|another|proper|there) (?:mass |big |massive |street |huge )?(?:fight|brawl|scrap|riot|mob)<C> (?:now|knife|\
            knives|weapons?|outside|bottles|bats|someone|kick\\w*|floor|going on|hurt|loads|inside)",
            "(?:dog|dogs|xl bully|bully|pitbull|rottweiler|alsatian|it|its)<C> (?:attacking|biting|mauling|by the throat|going for|savaging|got (?:a |the |\
            hold of |him|her|my|me|someone|postman|kid|child)|bitten a|has bit|has bitten|bit a|ripping|latched|wont let go|attacked a|has hold|has got|\
            dragging|chasing|lunging)",
            "(?:by the|at his|at her|at my) (?:throat|face|leg|arm)<C> (?:cant|off|it|dog|let|postman)",
            "cant get (?:it|him|them) off",
            "loose<C> (?:bit\\w*|going for|attack\\w*|kids|children|school|throat|people|baby|playground|lunging)",
            "set(?:s|ting)? (?:the dogs?|them|it|his dogs?|dogs) on",
            "(?:held|holding|hold|kept|keeping|keep|keeps|locked|locks|lock|lockin|tied|tie|tying|trapped|got|shut|locking)<g> (?:hostage|captive|prisoner|\
            against|us in|me in|her in|him in|them in|in (?:a |the |my |his )*(?:room|house|flat|bedroom|unit|cellar|basement|cupboard|garage|boot|shed|\
            bathroom|van|caravan|attic|loft)|up|in here|inside)",
            "wont let (?:me|us|her|him|them) (?:go|out|leave|in|up|home|near|call|speak|use|have)",
            "not (?:let|letting|allowed)(?: me| us| her| him| them)? (?:go|out|leave|to leave|outside|to go)",
            "(?:took|taken|take|takes|has|got|keep|hid|hidden|smashed|broke) (?:my |our |her |his |all |the )*(?:passports?|keys and|phone and|shoes|\
            phone off)",
            "no let go",
            "cant (?:leave|escape|get away|get out)",
            "(?:rape|raped|raping|rapist|sexually assault\\w*|sexual assault)",
            "touch(?:ed|ing|es) (?:me|my|her|him)\\b",
            "abduct\\w*",
            "kidnap\\w*",
            "hostage",
            "snatched",
            "murder(?:ed|ing)? (?:me|him|her|us|my|them|someone|a|his)",
            "killed (?:him|her|them|someone|my|me|a man|a woman|somebody|the|his)",
            "killing (?:him|her|me|them|us|my|each|someone)",
            "(?:he|she|they|hes|shes|theyre|i|im|ill|hell|shell|theyll|will|gonna|going to|want to|wants to|try to|would|you|says hes|id|ive got to|have to|\
            need to|must|threatening to|threatened to|threatens to|able to|promised to|planning to|come to|about to|ready to|and|they will|\
            plan to) (?:\\w+ )?(?:kill|murder|stab|shoot|slit|strangle|hurt|harm|burn|drown|finish|bury|cut|throttle|end|execute|smother|behead|poison|\
            rape|torture|destroy|cripple|maim|blow up|run over|petrol bomb|batter|slash|gut|kneecap|disfigure|acid) (?:\\w+ )?(?:me|you|him|her|us|them|\
            my|everyone|himself|herself|myself|someone|your|the kids|people|his|that|all|us all|mum|both|the house|somebody|the|off|it|a|this|our|\
            anyone|in|fingers|before|by|tonight)",
            "(?:gonna|going to|ill|hell|will|wants to|theyll|shell|id) (?:\\w+ )?(?:kill|murder|stab|shoot|hurt|burn|die|jump)(?: \\w+)?",
            "kill (?:me|him|her|us|them|myself|himself|herself|my|you|your|everyone|people|someone|somebody|whoever)",
            "(?:do|does|doing|done|doin) (?:me|her|him|his wife|my wife|you|his missus|them|us)(?: in| over| and then himself|$)",
            "\\bin a (?:box|coffin|body ?bag)",
            "(?:youre|hes|shes|were|im|theyre|your|you|ur|are|is|he) dead (?:by|if|tonight|when|now|meat|soon|tomorrow|to|before)",
            "youre dead",
            "(?:death|kill) threats?",
            "threaten\\w* (?:to |me|us|her|him|with|them|my|people|everyone|staff|the|a|and)",
            "threatening",
            "(?:not|never|nah|wont|dont) see (?:the )?(?:morning|tomorrow|christmas|another|morning light|his kids)",
            "(?:youre|are|is|hes|were|my kids are|kids are|your kids|shes|im) next",
            "last warning",
            "(?:cut|break|chop|smash) (?:\\w+ ){0,3}(?:fingers?|legs?|throat|head|kneecaps?|face|arms?|hands?|neck|ears?)(?: off| open| in)?",
            "(?:come|came|comes|coming)(?: \\w+){0,4} (?:break|hurt|kill|get|smash|burn|shoot|cut|sort|do|finish|beat) (?:me|us|him|her|my|them|you|the)",
            "finish (?:me|her|him|us|them|you|it)",
            "dealt with",
            "gets it",
            "not (?:being )?taken? alive",
            "taken? alive",
            "wont take (?:me|him) alive",
            "you(?:ll|ll all| will| wont)? (?:be sorry|regret|pay for|find out|take me|burn|all pay|all see|wish you)",
            "\\bboom\\b",
            "(?:watching|outside|know|knows|knew|followed|find|found|got) (?:\\w+ )?(?:his|her|your|my|our|their|the) (?:house|kids|school|address|family|\
            missus|children|home|wife|daughter|son)<C>(?: boom| next| pay| dead| lives?| kill| burn| outside| watching| school| coat)",
            "witness(?:es)?<C> (?:burn|kill|sort|pay|house|shut|get|visit|dead|hurt)",
            "honou?r",
            "shame(?:d)?<C> (?:family|finish|kill|brother|uncle|father|dad)",
            "(?:forced|force|force me|make me|making me|made|for) (?:to |her to |me )*(?:marry|marriage|wedding)",
            "for marry",
            "(?:school|mosque|church|synagogue|temple|everyone|class|station|hospital|parade|concert|march)<C> (?:shoot|gun|bomb|kill|burn|dont come in|\
            first period|attack|going to pay|massacre|pay)",
            "dont come in",
            "hit ?man",
            "contract on",
            "(?:pay|paid|owe|debt|money)<C> (?:or else|kill|break|hurt|cut|dead|burn|legs|tonight)",
            // Law into own hands.
            "(?:going|gone|on (?:my|our|his|the|their) way|heading|off|driving|coming|left|set off|sent|getting|go|goes) (?:\\w+ )?(?:round |over |down |\
            out |to |after |there |looking |hunting |up )+(?:his|to sort|to get|sort|to find|get him|to do|him|to kill|theirs|find|for (?:him|them|the|\
            her)|his house|his place|the burgl\\w+|with|find them|their)(?: \\w+){0,4}(?: now| sort| bats?| scrape| baseball| lads| hammer| wait| kill| \
            hurt| gun| drinking| truck)",
            "(?:me and (?:the|my) (?:lads|brothers?|mates|boys|dad|cousins?)|(?:the|my|his) (?:lads|brothers|mates|boys|dad|cousins|\
            uncles))<G> (?:on (?:our|the|their|his) way|going round|off round|gone round|coming|sort|outside his|dealing|heading|driving round|got him|\
            round there|batter|find him|taken him|after him|looking for)",
            "(?:scrape|peel) (?:him|them|her) up",
            "take (?:matters|the law|it) into",
            "own hands",
            "(?:sort|sorting|deal|dealing) (?:it|him|them|this|with him|with it|with them|her)(?: out)? (?:ourselves|myself|ourself|my way|our way|tonight|\
            properly|ourself|himself|once and for all|for good)",
            "(?:were|im|we|ill|well|be|i) (?:are |am |gonna |going to |will )*(?:sort|batter|kill|hurt|smash|get|find|burn|shoot|break|bury|cripple|kneecap|\
            hang|drag) (?:him|them|her|those|the|these|whoever|that)(?: \\w+){0,3}",
            "(?:caught|got|grabbed|have|tied|locked|holding|ive got|weve got|caught one|nabbed)<G> (?:tied up|locked (?:in|up)|in my (?:garage|shed|cellar|\
            boot|van|house)|in the (?:boot|shed|cellar|garage|van)|on the floor|not leaving|wont be leaving|till he tells|pinned|sat on him|by the neck)",
            "got all night",
            "(?:wire|rope|cable|nails|glass|spikes|trap)<G> (?:across|neck height|path|trail|track|for them|bikes|riders|wall)",
            "put (?:poison|poisoned|nails|glass|wire|spikes|razor)",
            "(?:that|itll|thatll|will|ill|gonna) (?:\\w+ )?(?:learn|teach) (?:em|them|him)",
            "(?:got|have|ive) (?:\\w+ ){0,2}(?:gun|shotgun|knife|bat|axe)<C> (?:waiting|ready|knee|if he|if they|by the door|for him|next time|tonight)",
            "\\b(?:vigilante|lynch)",
            // Intruders.
            "(?:in|inside|into|enter\\w*|entered) (?:my|our|the|his|her|next doors?|their|mums?|nans?|someones|neighbours|dads) (?:\\w+ )?(?:house|home|\
            flat|bedroom|kitchen|hallway|porch|loft|garden|bungalow|garage|shed|shop|room|conservatory|hall)<C> (?:now|im|hiding|upstairs|downstairs|\
            help|right now|with|he|theyre|please|still|theres|and|someone|quick|locked|whisper\\w*|kids|baby|cant|axe|scared|shouting)",
            "(?:someone|somebody|theyre|hes|man|men|people|they|shes|theres|two|lads|burglars?|intruders?|one|3|2|bloke|ex|he|noise|footsteps|person|\
            the)(?: is| are| still| of them| man| someone| somebody| people| person| men| a| all)* (?:in|inside|downstairs|upstairs|breaking in|\
            getting in|coming in|climbing in|at (?:the|my|our) (?:back |front |patio |bedroom |kitchen )*(?:door|window)|on the stairs|coming up|\
            trying (?:the|my|our|to get)|outside (?:my|our|the|her) (?:\\w+ )?(?:door|window|house|bedroom|flat|room)|smashing|in the (?:house|hall|\
            hallway|garden|loft|kitchen|bedroom|porch|attic|cellar|living room|bathroom|building|shop|yard))\\b",
            "break(?:ing)? in (?:now|next|at|right|to|as)",
            "breaking (?:into|down|the door|in)\\b",
            "(?:kicking|smashing|booting|banging|forcing|kicked|booted|smashed|put|breaking|hammering|bashing|prying|knocking)(?: \\w+){0,2} (?:door|window|\
            patio|glass)(?: \\w+)?",
            "(?:trying|rattling|fiddling|forcing|at|banging) (?:on )?(?:the |my |our |her |his |every |all |next )*(?:back |front |patio |side |kitchen |\
            bathroom )*(?:doors?|windows?|handles?|locks?|letterbox|patio door)",
            "door (?:put |kicked |booted |smashed )+(?:in|down)",
            "pushed (?:past|his way|her way|their way)",
            "(?:wont|refus\\w+ to|not) (?:leave|get out|go away|go)\\b(?: \\w+)?",
            "(?:hiding|hid|locked myself|barricaded|locked ourselves|hidden|shut myself) (?:in|under|behind|upstairs|with|inside|myself)?",
            "(?:im|were|we are|ive|me and|and im|and were) (?:\\w+ )*(?:hiding|locked in|in the (?:bathroom|wardrobe|cupboard|loft|toilet|closet)|\
            under the bed|behind the (?:sofa|settee|bed|door)|upstairs|barricaded)",
            "intruders?",
            "prowler",
            "(?:he|hes|they|she|theyre|shes|man|someone|guy|lads|men|ex|bloke|two of them)(?:ve| is| has| have| are| just)* (?:come |came |coming |walked |\
            walking |got |comes )*(?:back|returned)(?: now| again| in| inside| and| with|$| for|,)",
            "locked (?:the )?door behind",
            "cashier<C> (?:floor|hands|crying|knife|gun|screaming|behind)",
            "robbing (?:the|us|me|my|a|this)",
            "being (?:robbed|burgled|held up)",
            "hold ?up now",
            "(?:just|been) (?:been )?(?:mugged|robbed|burgled|carjacked)<C> (?:blood|bleeding|hurt|knife|still|now|minutes|chasing|help|here|head|outside|gun)",
            "robbed me<C> (?:minutes|blood|belly|now|just)",
        ],
    ),
    Say(
        ThreatToLife,
        Danger,
        &[
            "fight(?:ing)?",
            "kicking off",
            "attack(?:ed|ing|s)?",
            "hit(?:ting)?",
            "beat(?:en|ing|s)?",
            "punch(?:ed|ing)",
            "kicked?",
            "screaming",
            "screams?",
            "shouting",
            "arguing",
            "threat(?:ened|s|en)?",
            "following",
            "followed",
            "chas(?:ed|ing)",
            "strangled?",
            "bitten",
            "bites?",
            "biting",
            "bit (?:me|him|her|a|my)",
            "grabbed",
            "dragged",
            "pushed",
            "violent",
            "violence",
            "aggressive",
            "abus(?:ive|ed|ing|e)",
            "stalk\\w*",
            "going mad",
            "going mental",
            "lost it",
            "off it",
            "smash(?:ing|ed)",
            "breaking in",
            "break in",
            "burglars? (?:here|now|in|outside)",
            "masked",
            "robbers?",
            "kill(?:ed|ing|er)?",
            "murder(?:ed)?",
            "die",
            "dying",
            "\\bdead\\b",
            "revenge",
            "machine",
            "my ex\\b",
            "his ex\\b",
            "her ex\\b",
            "dangerous",
            "loose",
            "lunging",
            "knocking on (?:my|the) (?:door|window)",
            "banging on",
            "looking (?:through|in) (?:my|the|our|her|peoples?)",
            "watching (?:me|us|my|the (?:house|kids|school|playground))",
            "lurking",
            "cornered",
            "surrounded",
            "gang",
            "harass\\w*",
            "on the floor",
            "held down",
            "blood on",
            "bail",
            "breach\\w*",
            "tag off",
            "injunction",
            "non ?mol\\w*",
            "restraining order",
            "traffick\\w*",
            "slav\\w+",
            "\\bdrugged\\b",
            "arrange\\w* marriage",
        ],
    ),
    Say(
        ThreatToLife,
        Hint,
        &[
            "angry",
            "furious",
            "raging",
            "lads in",
            "crowbar",
            "drunk",
            "whizz",
            "high on",
            "drugs",
            "gun",
            "revenge",
            "outside",
            "won?t leave",
            "stranger",
            "forced",
            "owner",
        ],
    ),
];
