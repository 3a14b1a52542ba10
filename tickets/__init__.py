"""The desk: tickets, pages, consent and the database they live in. Knows no Flask, no Twilio and no RQ."""
