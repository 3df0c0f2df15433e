"""Every PDU with its bytes, written down by hand from SMPP 3.4 section 4; read and written against the same
table.
"""

from heliograph.smpp import (
    AlertNotification,
    BindReceiver,
    BindReceiverResp,
    BindTransceiver,
    BindTransceiverResp,
    BindTransmitter,
    BindTransmitterResp,
    CancelSm,
    CancelSmResp,
    DataSm,
    DataSmResp,
    DeliverSm,
    DeliverSmResp,
    EnquireLink,
    EnquireLinkResp,
    GenericNack,
    Outbind,
    Pdu,
    QuerySm,
    QuerySmResp,
    ReplaceSm,
    ReplaceSmResp,
    SubmitSm,
    SubmitSmResp,
    Unbind,
    UnbindResp,
)


def _pdu(command_id: str, status: str, number: str, body: bytes = b"") -> bytes:
    header = bytes.fromhex(command_id + status + number)
    return (4 + len(header) + len(body)).to_bytes(4, "big") + header + body


WIRE_CASES: list[tuple[str, Pdu, bytes]] = [
    (
        "bind_transmitter",
        BindTransmitter(
            1, system_id="SMPP3TEST", password="secret08", system_type="SUBMIT1", addr_ton=1, addr_npi=1
        ),
        bytes.fromhex(
            "0000002F 00000002 00000000 00000001 534D50503354455354 00 7365637265743038 00"
            "5355424D495431 00 34 01 01 00".replace(" ", "")
        ),
    ),
    (
        "bind_receiver",
        BindReceiver(2, system_id="a", address_range="^4670", interface_version=0x33),
        _pdu("00000001", "00000000", "00000002", b"a\0\0\0\x33\0\0^4670\0"),
    ),
    (
        "bind_transceiver",
        BindTransceiver(0x7FFFFFFF, system_id="a", password="b"),
        _pdu("00000009", "00000000", "7FFFFFFF", b"a\0b\0\0\x34\0\0\0"),
    ),
    (
        "bind_transmitter_resp",
        BindTransmitterResp(1, system_id="SMSC"),
        _pdu("80000002", "00000000", "00000001", b"SMSC\0"),
    ),
    (
        "bind_receiver_resp with sc_interface_version",
        BindReceiverResp(2, system_id="SMSC", tlvs=((0x0210, b"\x34"),)),
        _pdu("80000001", "00000000", "00000002", b"SMSC\0\x02\x10\x00\x01\x34"),
    ),
    (
        "bind_transceiver_resp that refuses, without a body",
        BindTransceiverResp(3, 0x0E),
        _pdu("80000009", "0000000E", "00000003"),
    ),
    (
        "bind_transceiver_resp that refuses, with a body",
        BindTransceiverResp(3, 0x0E, system_id="SMSC"),
        _pdu("80000009", "0000000E", "00000003", b"SMSC\0"),
    ),
    (
        "outbind",
        Outbind(1, system_id="SMSC", password="pw"),
        _pdu("0000000B", "00000000", "00000001", b"SMSC\0pw\0"),
    ),
    ("unbind", Unbind(4), _pdu("00000006", "00000000", "00000004")),
    ("unbind_resp", UnbindResp(4), _pdu("80000006", "00000000", "00000004")),
    ("enquire_link", EnquireLink(5), _pdu("00000015", "00000000", "00000005")),
    ("enquire_link_resp", EnquireLinkResp(5), _pdu("80000015", "00000000", "00000005")),
    ("generic_nack", GenericNack(6, 3), _pdu("80000000", "00000003", "00000006")),
    (
        "submit_sm with every field",
        SubmitSm(
            7,
            service_type="CMT",
            source_addr_ton=5,
            source_addr_npi=0,
            source_addr="Heliograph",
            dest_addr_ton=1,
            dest_addr_npi=1,
            destination_addr="46701740605",
            esm_class=0x40,
            protocol_id=0x7F,
            priority_flag=2,
            schedule_delivery_time="000000001500000R",
            validity_period="000001000000000R",
            registered_delivery=1,
            replace_if_present_flag=1,
            data_coding=8,
            sm_default_msg_id=254,
            short_message=b"\x05\x00\x03\xcc\x02\x01\x00h",
        ),
        _pdu(
            "00000004",
            "00000000",
            "00000007",
            b"CMT\0\x05\x00Heliograph\0\x01\x0146701740605\0\x40\x7f\x02000000001500000R\x00000001000000000R\0"
            b"\x01\x01\x08\xfe\x08\x05\x00\x03\xcc\x02\x01\x00h",
        ),
    ),
    (
        "submit_sm with nothing but message_payload",
        SubmitSm(8, tlvs=((0x0424, b"hello"),)),
        _pdu("00000004", "00000000", "00000008", bytes(17) + b"\x04\x24\x00\x05hello"),
    ),
    (
        "submit_sm_resp",
        SubmitSmResp(7, message_id="0a1b2c"),
        _pdu("80000004", "00000000", "00000007", b"0a1b2c\0"),
    ),
    (
        "submit_sm_resp that refuses, without a body",
        SubmitSmResp(7, 0x58),
        _pdu("80000004", "00000058", "00000007"),
    ),
    (
        "submit_sm_resp without an id",
        SubmitSmResp(7),
        _pdu("80000004", "00000000", "00000007", b"\0"),
    ),
    (
        "deliver_sm with known, unknown and repeated TLVs",
        DeliverSm(
            9,
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="46701740605",
            destination_addr="\xe5\xff",
            esm_class=4,
            short_message=b"id:1 stat:DELIVRD",
            tlvs=((0x001E, b"1\0"), (0x1454, b""), (0x0427, b"\x02"), (0x9724, b"x"), (0x0427, b"\x05")),
        ),
        _pdu(
            "00000005",
            "00000000",
            "00000009",
            b"\0\x01\x0146701740605\0\0\0\xe5\xff\0\x04\0\0\0\0\0\0\0\0\x11id:1 stat:DELIVRD"
            b"\x00\x1e\x00\x021\0\x14\x54\x00\x00\x04\x27\x00\x01\x02\x97\x24\x00\x01x\x04\x27\x00\x01\x05",
        ),
    ),
    ("deliver_sm_resp", DeliverSmResp(9), _pdu("80000005", "00000000", "00000009", b"\0")),
    (
        "deliver_sm_resp that refuses has a body all the same",
        DeliverSmResp(9, 0x14),
        _pdu("80000005", "00000014", "00000009", b"\0"),
    ),
    (
        "data_sm",
        DataSm(
            10,
            service_type="WAP",
            source_addr_ton=1,
            source_addr_npi=1,
            source_addr="46" + "1" * 62,
            dest_addr_ton=2,
            dest_addr_npi=8,
            destination_addr="46702",
            esm_class=0x08,
            registered_delivery=1,
            data_coding=4,
            tlvs=((0x0424, b"hi"),),
        ),
        _pdu(
            "00000103",
            "00000000",
            "0000000A",
            b"WAP\0\x01\x0146" + b"1" * 62 + b"\0\x02\x0846702\0\x08\x01\x04\x04\x24\x00\x02hi",
        ),
    ),
    (
        "data_sm_resp",
        DataSmResp(10, 0xFE, message_id="x", tlvs=((0x0425, b"\x01"),)),
        _pdu("80000103", "000000FE", "0000000A", b"x\0\x04\x25\x00\x01\x01"),
    ),
    (
        "query_sm",
        QuerySm(11, message_id="77", source_addr_ton=5, source_addr="Acme"),
        _pdu("00000003", "00000000", "0000000B", b"77\0\x05\0Acme\0"),
    ),
    (
        "query_sm_resp",
        QuerySmResp(11, message_id="77", final_date="260101120000000+", message_state=2, error_code=9),
        _pdu("80000003", "00000000", "0000000B", b"77\x00260101120000000+\0\x02\x09"),
    ),
    (
        "cancel_sm",
        CancelSm(
            12, message_id="77", source_addr="1", dest_addr_ton=1, dest_addr_npi=1, destination_addr="2"
        ),
        _pdu("00000008", "00000000", "0000000C", b"\x0077\0\0\x001\0\x01\x012\0"),
    ),
    ("cancel_sm_resp", CancelSmResp(12, 0x11), _pdu("80000008", "00000011", "0000000C")),
    (
        "replace_sm",
        ReplaceSm(13, message_id="77", source_addr="1", registered_delivery=1, short_message=b"new"),
        _pdu("00000007", "00000000", "0000000D", b"77\0\0\x001\0\0\0\x01\0\x03new"),
    ),
    ("replace_sm_resp", ReplaceSmResp(13), _pdu("80000007", "00000000", "0000000D")),
    (
        "alert_notification",
        AlertNotification(14, source_addr_ton=1, source_addr="46", esme_addr="9", tlvs=((0x0422, b"\0"),)),
        _pdu("00000102", "00000000", "0000000E", b"\x01\x0046\0\0\x009\0\x04\x22\x00\x01\0"),
    ),
]
"""(what it shows, the PDU, its bytes)"""
