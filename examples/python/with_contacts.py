"""Stores a contact with a label, sends to the label, and follows the batch in the event feed."""

import sys
import uuid

from heliograph.client import Heliograph, NewContact


def main(recipient: str) -> None:
    """Add, send, follow, and tidy up."""
    label = f"example-{uuid.uuid4().hex}"
    person = NewContact(properties={"phoneNumber": f"+{recipient}", "firstName": "Icarus"}, labels=[label])
    with Heliograph() as sms:
        (contact,) = sms.add_contacts([person])
        batch = sms.send("iP1", {f"label:{label}": {}}, "Hello {firstName}", datacoding="gsm")
        print(f"sent {batch.id}", flush=True)
        sms.wait(batch.id)
        for event in sms.list_events(batch_id=batch.id):
            print(f"event {event.code}")
        sms.delete_contact(contact.id)
        message = next(sms.list_conversation(recipient, newest_first=True))
        print(f"wrote {message.body}")


if __name__ == "__main__":
    main(sys.argv[1] if len(sys.argv) > 1 else "46701740605")
