DROP TABLE pair_holds;
DROP TABLE attempts;
DROP TABLE deliveries;
DROP TABLE alert_exclusions;
DROP TABLE alert_groups;
DROP TABLE alert_areas;
DROP TABLE alert_texts;
DROP TABLE alerts;
