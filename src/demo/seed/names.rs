//! `[pure]` Names of today's Derbyshire, all invented combinations, and the part of an e-mail address made of one.

use rand::RngExt;
use rand::rngs::StdRng;
use rand::seq::{IndexedRandom, IteratorRandom};

/// First names and family names that go together, between spaces.
type People = (&'static str, &'static str);

const LOCAL: People = (
    "Aaron Abigail Adam Alan Alfie Alison Amelia Andrew Angela Anthony Barbara Ben Beth Brian Carol Charlie Chloe Christine Claire Connor Craig Daniel \
     David Dawn Debbie Derek Donna Edward Eileen Ella Emily Emma Ethan Evie Freya Gareth Gemma George Glenys Graham Hannah Harry Hazel Ian Isla Jack \
     Jacqueline James Janet Jean Jodie Joe Karen Keith Kelly Kevin Kirsty Laura Leah Linda Lorraine Luke Lynne Malcolm Margaret Matthew Maureen \
     Michelle Molly Nicola Nigel Oliver Pamela Paul Phoebe Rachel Rebecca Rhys Robert Rosie Ryan Sandra Sarah Sheila Simon Siân Stephen Stuart Susan \
     Terry Thomas Tracey Victoria Wendy William Zoë",
    "Allsop Ashmore Bagshaw Barber Barlow Beresford Birch Boam Bown Bradbury Brassington Brown Bunting Buxton Carline Clarke Cooper Dakin Dale Daykin \
     Eley Eyre Fearn Fletcher Flint Fox Froggatt Gell Goodwin Gratton Greatorex Gregory Hadfield Hallam Hardy Heathcote Hibbert Hodgkinson Holmes \
     Jackson Johnson Kirkland Limb Lomas Longden Marples Marsden Mellor Middleton Naylor Needham O'Connor Outram Palfreyman Parkin Potter Radford \
     Redfern Roberts Roper Salt Shimwell Slack Smith Spendlove Swindell Taylor Thorpe Turner Twigg Wain Walker Wardle Webster Wheatcroft Wildgoose \
     Wilson Wragg Wright Yeomans",
);

/// Communities, and how many of those whose name is not of the first list bear one of theirs.
const OTHERS: [(u32, People); 11] = [
    (
        22,
        (
            "Aisha Bilal Fatima Hamza Imran Khadija Mohammed Nasreen Saima Shabana Usman Yasmin Zahra Zubair",
            "Ahmed Akhtar Ali Begum Hussain Iqbal Khan Mahmood Malik Mirza Rafiq Shah",
        ),
    ),
    (
        15,
        (
            "Amandeep Balbir Gurpreet Harjinder Jasleen Kuldip Manjit Navdeep Parminder Rajvir Simran Sukhdev",
            "Atwal Bains Dhillon Gill Johal Kaur Purewal Sandhu Sidhu Singh Uppal",
        ),
    ),
    (8, ("Anjali Deepak Hina Kiran Meera Nikhil Pooja Rakesh Sunita Vijay", "Chauhan Desai Mistry Parmar Patel Sharma Solanki Thomas")),
    (
        16,
        (
            "Agnieszka Bartosz Ewa Grzegorz Joanna Krzysztof Łukasz Magdalena Małgorzata Paweł Piotr Zofia",
            "Dąbrowska Kamiński Kowalczyk Lewandowski Mazur Nowak Pawlak Szymańska Wiśniewski Wójcik Zając",
        ),
    ),
    (10, ("Alexandru Andreea Cristina Florin Gabriela Ionuț Mihai Roxana", "Dumitru Ionescu Marin Munteanu Popa Rusu Stan")),
    (5, ("Andris Ilze Jānis Kristīne Līga Mārtiņš", "Bērziņš Kalniņš Liepiņa Ozols Zariņa")),
    (4, ("Dušan Eva Jozef Ľubica Marek Zuzana", "Balog Horváth Kováč Lakatoš Tóth")),
    (6, ("Andriy Iryna Kateryna Oksana Serhii Volodymyr", "Bondarenko Kovalenko Melnyk Shevchuk Tkachenko")),
    (7, ("Beverley Carlton Delroy Jermaine Leroy Marcia Shanice Winston", "Campbell Francis Grant Morgan Powell Reid")),
    (10, ("Blessing Chidi Emmanuel Folasade Kwame Ngozi Tendai Tunde", "Adeyemi Asante Chukwu Mensah Moyo Okafor Okoro")),
    (7, ("Azad Hao Jing Kin Linh Mei Rojin Siu Tuan Yan", "Chan Cheung Lam Li Nguyen Tran Wong")),
];

/// What letters outside a to z become in an address.
const FOLDED: [(&str, char); 17] = [
    ("áâāäąă", 'a'),
    ("çćč", 'c'),
    ("ď", 'd'),
    ("éêëęēě", 'e'),
    ("ģ", 'g'),
    ("íîïī", 'i'),
    ("ķ", 'k'),
    ("łľļ", 'l'),
    ("ńňņ", 'n'),
    ("óôöő", 'o'),
    ("ŕř", 'r'),
    ("śšşș", 's'),
    ("ťț", 't'),
    ("úûüūů", 'u'),
    ("ý", 'y'),
    ("źżž", 'z'),
    ("ß", 's'),
];

/// Draws a first name and a family name. `mixed` is the share, 0 to 1, of names from communities that came in living memory.
pub(super) fn draw(random: &mut StdRng, mixed: f64) -> (&'static str, &'static str) {
    let list = if random.random_bool(mixed) { OTHERS.choose_weighted(random, |(weight, _)| *weight).map_or(LOCAL, |(_, people)| *people) } else { LOCAL };
    (list.0.split(' ').choose(random).unwrap_or("Alex"), list.1.split(' ').choose(random).unwrap_or("Smith"))
}

/// Lower-case letters a to z of a name: `Łukasz` gives `lukasz`, `O'Connor` gives `oconnor`.
pub(super) fn fold(name: &str) -> String {
    let folded = name.chars().flat_map(char::to_lowercase).filter_map(|c| match FOLDED.iter().find(|(from, _)| from.contains(c)) {
        Some((_, to)) => Some(*to),
        None => c.is_ascii_lowercase().then_some(c),
    });
    folded.collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_name_keeps_its_letters_when_folded() {
        let all = OTHERS.iter().map(|(_, people)| people).chain([&LOCAL]).flat_map(|(first, last)| first.split(' ').chain(last.split(' ')));
        for name in all {
            let letters = name.chars().filter(|c| c.is_alphabetic()).count();
            assert_eq!(fold(name).len(), letters, "{name}");
        }
        assert_eq!((fold("Łukasz"), fold("O'Connor")), ("lukasz".to_owned(), "oconnor".to_owned()));
    }
}
