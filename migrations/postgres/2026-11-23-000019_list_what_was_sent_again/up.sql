-- What was sent again on doubt is listed on its alert's page: few among all attempts.
CREATE INDEX attempts_sent_again ON attempts (delivery_id) WHERE outcome = 'sent_again';
