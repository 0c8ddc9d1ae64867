//! `[pure]` Signs of somebody who means to die, said plainly or veiled.

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
            "emptied (?:his|her|my|their) (?:account|savings|bank|room|locker)",
            "sent everyone (?:money|a|his|her|the)",
            "god (?:forgives?|forgive)|does god",
            "if i (?:went|go|died|passed|should go)(?: \\w+)?",
            "(?:chase|come after|be after) my (?:wife|kids|family|husband)",
            "(?:thanks|thank you|thankyou) for (?:being|everything|all|the good)(?: \\w+){0,4}<C> (?:phone|off|never|gone|goodbye|kind|pal|mate|friend|me)",
            "being (?:a |such a |my )*(?:good |great |best )?(?:pal|mate|friend|mum|dad|kind to me|kind)",
            "never (?:talks?|speaks?|says?|does|texts?) (?:like )?(?:that|this)",
            "not like (?:him|her|them)(?: \\w+)?",
            "last sunset|one last|last goodbye",
            "(?:wouldnt|wont|dont|didnt) need (?:a |the |it |his |her )*(?:lift|ticket|return|change|coat|keys|phone|money)(?: \\w+)?",
            "one way(?: ticket)? to (?:anywhere|the|nowhere)",
            "sooner be (?:with|dead)(?: \\w+)?",
            "(?:put|let) the (?:cat|dog) out",
            "for the first time(?: \\w+)? (?:its|im|ive|i feel)(?: \\w+)?",
            "engine on and<C>|garage door shut",
            "can fly|going to fly",
            "ashamed(?: \\w+)?",
            "(?:gave|give|given|giving) (?:me|us|her|them|away) (?:his|her|all) (?:dog|cat|keys|watch|ring|things|guitar|stuff|bike|ps5|records|\
            medals)(?: \\w+)?",
            "(?:dont|do not|please dont) be mad",
            "on (?:a|one|the|their) long journey",
            "carrier<C> (?:bleach|tablets|rope|boxes)|buying (?:rope|bleach|paracetamol)(?: \\w+)?",
            "looking over (?:the|at the drop)",
            "(?:ive|i have|now ive|i) (?:decided|made (?:my mind up|my peace|peace|up my mind|my decision))(?: \\w+)?",
            "(?:ive|i have) done it(?: now)?(?: \\.|$)",
            "feel (?:lighter|calm|calmer|at peace|nothing|numb|free)(?: \\w+){0,3}",
            "so (?:she|he|they|the kids|my \\w+|the children) (?:wont|doesnt|dont|cant|never|shouldnt) (?:see|find|have to|know)(?: \\w+)?",
            "(?:my|his|her|a) body (?:being |be |is |was )?(?:found|in|will)?",
            "dont be (?:cross|angry|sad|upset|mad)(?: with me| at me)?",
            "keys? (?:are|is) (?:with|under|in|on|at)(?: \\w+){0,2}",
            "is it (?:quick|painless|fast)|does it hurt (?:to|when)|how (?:many|long|high|deep)<C> (?:to die|kill|drown|tablets|paracetamol|fall|jump|\
            freeze|be sure)",
            "no flowers",
            "look after yourselves",
            "know my name",
            "(?:gonna|going to|will|ill) do it(?: \\w+){0,2}",
            "do it (?:now|tonight|tomorrow|at|today|in front)",
            "dont see why i should",
            "see (?:christmas|the new year|another (?:day|winter|christmas))",
            "(?:rung|rang|phoned|called|texted) the samaritans",
            "walk till",
            "(?:footprints|tracks|footsteps)<g> (?:across|to|into|towards|toward|off)",
            "(?:taking|took|tekking|takin|tekkin|taken) (?:his|her|my|their) (?:coat|shoes|clothes|boots|jacket) off",
            "(?:neat|little|tidy) pile",
            "never (?:goes|gone|went) anywhere without",
            "gone to (?:meet|sort|find|get|kill|see) (?:him|them|her|the)(?: \\w+){0,3}",
            "suicid(?:e|al)",
            "(?:kill|killing|hang|hanging|hung|top|topping|harm|harming|hurt|hurting|cut|cutting|shoot|drown|off|burn|jump|finish|starve) (?:myself|himself|\
            herself|themselves|themself|my self)",
            "self ?harm\\w*",
            "(?:end|ending|ended|take|taking|took|taken|finish) (?:it all|my life|his life|her life|it tonight|it now|their life|my own life|his own life|\
            her own life|things|everything|it)\\b",
            "(?:dont|do not|didnt|doesnt|never|no longer) (?:\\w+ )?(?:want|wanna|wish|deserve|plan|wants) (?:to )?(?:live|be here|be alive|wake up|exist|\
            go on|carry on|be around|wake|see tomorrow|be a burden|do this|be in this world)(?: \\w+){0,2}",
            "(?:want|wanna|going|gonna|ready|rather|wish i could|wants|decided|wants) (?:to )?(?:die|be dead|disappear|end it|be gone|not wake up|\
            not be here|sleep forever|be with (?:him|her|mum|dad|jean|my \\w+)|go to sleep|kill myself|jump|go for good|sleep and)(?: \\w+)?",
            "wish i (?:was|were|wasnt|werent|could) (?:dead|alive|here|born|just go|not here|die|sleep|never)",
            "(?:better|best|easier|happier) (?:off )?(?:without me|dead|this way|if i (?:was|were|am|wasnt|werent)|off without|when im gone|out of it|\
            out of the way|off)\\b(?: \\w+){0,2}",
            "(?:cant|cannot|dont want to|dont know how to|dont think i can|no reason to|not able to|no point in|cant see how i can) (?:\\w+ )?(?:go on|\
            carry on|live|keep going|keep living|do this anymore|do this any more|take (?:it|this|any more|anymore|much more)|cope|face (?:it|them|\
            anyone|tomorrow|another|her|my|him|people|the)|bear (?:it|this)|living|live with|see a way|fight any ?more|be here|do it any ?more|\
            stand it)(?: \\w+){0,3}",
            "cant do this(?: any ?more)?",
            "cant do it any ?more",
            "(?:had|ive had|have had) enough(?: of (?:it all|life|everything|living|this life|this world|being))?(?: \\.|$| ,| now| i| goodbye| bye| and)",
            "(?:no|not any|see no|isnt any|cant see the) (?:point|reason|future|hope|way out|way forward|other way|one left|one would|use)(?: \\w+){0,3}",
            "nothing (?:left|to live|here for me|more to|matters)(?: \\w+){0,4}",
            "(?:done|finished) with (?:life|it all|living|everything|this world|all of it)",
            "(?:over|done|gone|finished|out of (?:my|their|your|its) misery|all over|peace|at peace) (?:soon|by (?:tonight|tomorrow|morning)|tonight|\
            after tonight|in the morning|before)",
            "(?:want|need|make|just want|wish)(?: \\w+)? (?:it|this|the pain|everything|all this|my head|the voices|it all)(?: all)? (?:to )?(?:stop|end|\
            go away|over|be over)",
            "goodbye(?: \\w+){0,3}(?: everyone| all| world| and thank| for ever| forever| now| my| to|$| \\.)",
            "(?:say|saying|said|says|text|note saying) (?:my |our |his |her |a |last )*(?:goodbye|goodbyes|bye|sorry for everything|\
            see you on the other side)(?: \\w+)?",
            "bye(?: x+| xx| now| all| everyone)$",
            "(?:last|final) (?:message|text|words|goodbye|letter|post|wishes|walk|drink|thing|night|time (?:you|i|we|ill))(?: \\w+)?",
            "(?:wont|will not|not gonna|not going to|never|shant|not) (?:\\w+ )?(?:be here|be around|see me again|be needing|need (?:it|them|this|these|\
            anything|a)|bother you again|bother anyone|be a bother|hear from me|be coming back|come back|wake up|see (?:the )?(?:morning|christmas|\
            tomorrow|another)|be a burden|be found|be long now|see the (?:spring|summer))(?: \\w+){0,4}",
            "(?:nobody|noone|no ?one|anyone|they|anybody|people|who)(?:d| would| will| wont|ll| even| ever| wouldnt)* (?:even |ever )?(?:miss|notice|care|\
            noticed?|cares|bother\\w*)(?: \\w+){0,3} (?:me|if i|gone|i wasnt|here|i was|im|wasnt)",
            "if i (?:wasnt|werent|was not|died|disappeared|jumped|was gone|was dead|went|vanished|weren)(?: \\w+)?",
            "not (?:be|being|been) here (?:any ?more|tomorrow|soon|much longer|for|when|at christmas)",
            "when (?:im|i am|ive) (?:gone|dead|not here)",
            "(?:im|ill be|i will be|be) (?:gone|dead|out of (?:your|the|everyones) (?:way|hair)|with (?:him|her|my|jean|mum|dad|god|the lord|you) (?:soon|\
            again|now|tonight)?|at peace|free|no trouble)(?: \\w+){0,3}",
            "(?:going to|gonna|to|off to) (?:be |join |see |meet )+(?:with |again )*(?:him|her|jean|my (?:wife|husband|mum|dad|son|daughter|baby|boy|girl|\
            late \\w+)|[a-z]+)(?: again| soon| tonight| now| in heaven)?(?: \\.|$| ,)",
            "together again",
            "(?:tell|tells) (?:my |the |our |him |her |them |everyone )*(?:kids|wife|husband|mum|dad|family|children|son|daughter|boys|girls|lads|sister|\
            brother|girl|boy|grandkids|grandchildren|dog)?(?: that)? ?(?:i love|i loved|im sorry|sorry|it wasnt|its not|i was sorry|i tried|\
            i do love)(?: \\w+)?",
            "(?:i love|love|loved|loves) (?:you|them|him|her)(?: all| both| so| very| lots)*<C> (?:goodbye|sorry|bye|always|look after|forgive|gone|viaduct|\
            bridge|kids|end)",
            "(?:sorry|forgive me|apologi\\w+) (?:for (?:everything|it all|what im|what ive|all of it|all|the mess|what i|this|being|whoever)|to (?:whoever|\
            my|the|everyone|mum)|mum|everyone|everybody|i (?:tried|couldnt|cant|wasnt|failed|let))(?: \\w+)?",
            "forgive me",
            "(?:look|looking|looked) after (?:the |my |our |her |his )*(?:dog|cat|kids|mum|dad|him|her|them|wife|children|boys|girls|sister|brother|\
            each other|budgie|rabbit|bees|animals|hens|cats|dogs|garden)(?: for me| \\.|$| when| please| now| ,)",
            "(?:fed|feed|left (?:food|enough|plenty|some)|rehome|rehomed|take|come for|send \\w+ for|gave|given|give|someone to have|put)<g> (?:the |my |\
            her |his )?(?:cat|dog|cats|dogs|budgie|rabbit|bird|fish|hens|parrot)\\b<C> (?:back door|door|whoever|latch|keys|key|food|hungry|away|love|\
            goodbye|gone|please|someone|home|neighbour|for)?",
            "(?:door|latch|key|keys)<C> (?:for whoever|unlocked for|on the latch|under the (?:mat|pot|step)|not locked|unlocked|open for|\
            in the)<C>(?: whoever| finds?| comes?| me| locked| latch| goodbye| dog| body)?",
            "whoever (?:comes|finds|gets|has to|opens|is first|it is|clears)(?: \\w+)?",
            "(?:finds?|found|find|see|discover) (?:me|my body|the body|whats left)(?: \\w+)?",
            "(?:written|wrote|writing|left|leaving|leave|write|put|read|found|finished)(?: \\w+){0,3} (?:a |the |my |his |her |some )*(?:letters?|note|\
            notes|will|suicide note|goodbye note)(?: \\w+){0,3}",
            "wedding ring<C>",
            "(?:taken|took|take|put|left|set|leaving|folded) (?:my |his |her |their |a pair of |the )*(?:shoes|boots|coat|jacket|clothes|watch|glasses|\
            wallet|ring|phone|rucksack|bag)(?: off)?<C> (?:bank|edge|water|river|bridge|neat\\w*|weir|wall|beach|folded|canal|peaceful|reservoir|letter|\
            ring|table|railings?|off)",
            "(?:peaceful|quiet|calm|beautiful|cold|high|nice view|lovely|windy|dark)(?: \\w+){0,3} (?:up here|on the (?:bridge|dam|wall|edge|tor|viaduct|\
            roof|ledge|moor|top)|by the (?:water|river|weir|canal|track|line))(?: \\w+){0,3}",
            "(?:on|at|up|by|near|above|over|to|off) (?:the |a |my |that )*(?:\\w+ )?(?:edge|ledge|bridge|viaduct|roof|platform|tor|cliff|railing\\w*|\
            dam wall|parapet|tracks|line|weir|multi ?storey|high peak|winnats|mam tor|high tor|flyover)<C> (?:jump\\w*|step|end|goodbye|sorry|sit here|\
            done|over|bye|peaceful|shoes|looking down|thinking|i cant|love|wont|feel calm|alone|crying|drinking|drink|feet|nobody)",
            "(?:sit|sitting|stay|wait|waiting) here(?: \\w+){0,3}(?: and then| then| until| till| for the (?:train|next|last)| it will be done| end)",
            "be done\\b",
            "(?:the )?(?:next|last) train(?: \\w+)?$",
            "wait(?:ing)? for (?:the|a) (?:\\d+|train|next|express|last|lorry|fast)(?: \\w+)?",
            "(?:got|have|bought|tied|holding|theres|with|found|hung|made|made a|hanging|up)(?: \\w+){0,2} (?:rope|noose|belt|ligature)(?: \\w+){0,4}",
            "noose",
            "ligature",
            "(?:saved|saving|collected|counted|lined|laid|stockpil\\w+|got|lying|have|hoard\\w*|emptied|tipped|bought|counting|\
            enough)(?: \\w+){0,3} (?:tablets?|pills?|paracetamol|meds|insulin|sleepers|morphine)(?: \\w+){0,5}",
            "(?:took|taken|take|taking|had|swallow\\w*)(?: \\w+)? (?:all )?(?:my |the |his |her |them |mums? |dads? )+(?:all|pills|tablets|meds|medication|\
            lot|box)(?: \\w+)?",
            "(?:insurance|worth more|policy)<C> (?:dead|pay|gone|without|than alive|sorted|kids|family)",
            "worth more dead",
            "what have i got to live",
            "live for",
            "nothing to live",
            "burden",
            "life(?:s| is)? not worth|not worth living|isnt worth (?:it|living)",
            "see you on the other side",
            "other side",
            "(?:so|very|too|just) tired(?: \\w+){0,4} (?:of (?:it all|everything|living|life|fighting|being)|and going|now|all of it|goodbye|sleep|fight\\w*)",
            "tired of (?:living|life|it all|fighting|being here|everything|trying)",
            "im (?:so |very |just )?(?:tired|ready to go|ready now|done|finished|going now|going to sleep now|at the end)(?: \\.|\
            $| ,| now| goodbye| of| and| with)",
            "end of (?:my|the) (?:tether|rope|road|line)(?: now)?",
            "too late for (?:me|him|us|that)",
            "dont (?:send|bother|waste|come|try|look|let)(?: \\w+){0,3} (?:for me|with me|on me|looking|to find|to stop|to save|children find|kids find|\
            find me|after me)",
            "stop looking",
            "(?:no need|dont) (?:to )?(?:look|find|reply|search) (?:for me|me|any ?more)?(?: \\w+)?$",
            "(?:jump|jumping|jumped|throw myself|step off|step out|go over|let go|throwing)(?: \\w+)?$",
            "(?:going to|gonna|want to|might|about to|threaten\\w* to|says hes going to|will|to|ill) (?:\\w+ )?(?:jump|step off|step out|drive into|\
            drive off|crash the|throw myself|slit|hang|walk into|walk in front|let go)",
            "come down the quick way",
            "walk(?:ed|ing)? (?:into|out into|further in|in to) (?:the )?(?:sea|water|river|reservoir|lake|traffic|road|in)",
            "keep(?:s|ing)? (?:going|walking) (?:up )?(?:to the edge|further|into|in\\b)",
            "(?:crossed|crossing) (?:the )?(?:line|rail|barrier)",
            "(?:kept|keep|keeping|keeps) (?:her|him|them) talking",
            "talk(?:ing)? (?:him|her) (?:down|round|out of)",
            "his affairs|my affairs|affairs in order",
            "give(?: \\w+){0,6} (?:to (?:the (?:girl|lad|neighbour|lady|cat|kids|church|family)|my|mum|her|bailey|[a-z]+))<C> (?:goodbye|kind|sorry|thank|\
            been|love)",
            "can have my (?:room|things|stuff|car|house|dog|ps5|phone|bike|clothes|records)",
            "have my (?:room|things|stuff)",
            "funeral<C> (?:want|paid|sorted|my|song|hymn|black)",
            "dont (?:cry|blame|be sad|be angry|grieve)(?: \\w+){0,3}",
            "(?:its|it was|was|its all|was all) (?:because of|my fault|down to|all because)(?: them| him| her| me| you)?<C>",
            "because of them",
            "lost everything(?: \\w+)?",
            "(?:taken|lost|gone|spent|everything|savings|house|job)<C> (?:cant tell (?:my|her|the|him|anyone)|nothing left|no way back|ashamed|finished|\
            cant face)",
            "(?:i|ive) (?:am |been |ve been )*(?:cutting|burning|starving|hurting)(?: myself)?",
            "lives? (?:is |are )?over",
            "my life(?: is|s) (?:over|ruined|finished|done|not worth)",
            "go to sleep (?:and|forever|for ever)(?: \\w+)?",
            "never (?:wake|waking)",
            "not strong enough",
            "let go",
            "give up",
            "(?:a|our) better place",
            "sleep(?:ing)? (?:now|at last|for good|forever)",
            "(?:no|not) (?:trouble|bother) to (?:anyone|anybody|you|them)",
        ],
    ),
    Say(
        ThreatToLife,
        Danger,
        &[
            "goodbye",
            "farewell",
            "so tired",
            "very tired",
            "hopeless",
            "worthless",
            "alone",
            "ashamed",
            "ruined",
            "depress\\w+",
            "low",
            "desperate",
            "despair",
            "rock bottom",
            "broken",
            "lonely",
            "cant sleep",
            "cant cope",
            "i miss (?:him|her)",
            "dont cry",
            "silly old",
            "i give up",
            "my fault",
            "empty",
            "letter",
            "letters",
            "note",
            "rope",
            "bye",
            "sorry for",
            "thank you for (?:everything|all|being)",
            "cut(?:s|ting)? (?:her|his|my) (?:arms?|wrists?)",
            "mental health",
            "crisis team",
            "sectioned",
            "samaritans",
        ],
    ),
    Say(
        ThreatToLife,
        Hint,
        &[
            "sorry",
            "tired",
            "peaceful",
            "love (?:you|them|her|him)",
            "drinking",
            "bottle",
            "worry about him",
            "left his phone",
            "left her phone",
            "switched off",
            "phone(?:s| is)? (?:off|dead|switched)",
            "better off",
        ],
    ),
];
