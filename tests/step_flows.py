"""Flow files with a step of every kind, for stories about them: the shipped texts and people, and a call of their own."""

import io
import shutil
from pathlib import Path

from ruamel.yaml import YAML

CLIENT = "+19035550160"
SHIPPED = Path(__file__).parent.parent / "flows"
#: An answering service, and a number that nobody of the desk wants to hear from.
OFFICE, BLOCKED = "+19035550199", "+19035550198"
#: Piney Woods Dental is a VIP; its callers speak Spanish.
VIP, VIP_NAME = "+19035550162", "Piney Woods Dental"

CALLS = """
start: who
steps:
  who: {client: {vip: vip, blocked: away}, otherwise: welcome}
  away: {hangup: This number is not answered. Goodbye.}
  vip: {say: {en: Thank you for being with us., es: Gracias por estar con nosotros.}, next: welcome}
  welcome:
    say:
      - play: hello.wav
      - en: "{desk} help desk. Messages are recorded."
        es: "Mesa de ayuda de {desk}. Los mensajes se graban."
    next: opening
  opening: {hours: office, open: main, closed: night}
  night: {say: {en: We are closed., es: Está cerrado.}, next: main}
  main:
    menu:
      say:
        en: >-
          For an emergency, press 1. To be called back, press 3. To type your number, press 4. For our address, press 5.
          For the other office, press 6. For our hours, press 7.
        es: >-
          Para una emergencia, oprima el 1. Para que le llamemos, oprima el 3. Para marcar su número, oprima el 4. Para
          nuestra dirección, oprima el 5. Para la otra oficina, oprima el 6. Para el horario, oprima el 7.
      notice:
        en: >-
          Para español, oprima el 2. By messaging us, you consent to receive texts from {desk}. Reply STOP to opt out, HELP
          for support. Message and data rates may apply. Messaging frequency may vary. See our privacy policy and terms at
          bitscorps dot com.
        es: >-
          Al escribirnos acepta recibir SMS de {desk}. STOP para no recibir, HELP para ayuda. Pueden aplicarse tarifas de
          mensajes y datos. La frecuencia puede variar.
      keys:
        1: {next: message, opens: Emergency}
        2: {next: main, language: es-US}
        3: {next: callback}
        4: {next: number}
        5: {next: address}
        6: {next: office, opens: Other office}
        7: {next: hours_text}
    otherwise: message
  callback: {callback: {}, otherwise: message}
  number:
    ask:
      about: callback number
      kind: number
      say: {en: "Type your number, then pound.", es: "Marque su número, y la tecla de número."}
    next: callback
  address:
    message:
      say: {en: "To get our address as a text, press 1.", es: "Para recibir nuestra dirección, oprima el 1."}
      text: "{desk}: 110 N College Ave, Tyler. Reply STOP to opt-out."
    next: main
  hours_text:
    message:
      say: {en: "To get our hours as a text, press 1.", es: "Para recibir el horario, oprima el 1."}
      text: "{desk}: {hours}. Reply STOP to opt-out."
    next: main
  office: {transfer: {to: "+19035550199", seconds: 10}, otherwise: message}
  message: {voicemail: {}}
"""
CLIENTS = f"""
clients:
  - {{name: Hollis & Wade CPA, numbers: ["{CLIENT}"]}}
  - {{name: {VIP_NAME}, numbers: ["{VIP}"], vip: true, language: es}}
blocked: ["{BLOCKED}"]
"""


def step_flows(folder: Path, *, open_at: str = "mon-sun 00:00-24:00", sound: bytes = b"") -> Path:
    """The files below `folder`, with `sound` as the greeting that is played. Returns where they are."""
    flows = folder / "step-flows"
    (flows / "sounds").mkdir(parents=True)
    (flows / "sounds" / "hello.wav").write_bytes(sound)
    for name in ("oncall.yml", "texts.es.yml"):
        shutil.copy(SHIPPED / name, flows)
    yaml = YAML()
    helpdesk = yaml.load(SHIPPED / "helpdesk.yml")
    helpdesk["calls"] = yaml.load(CALLS)
    helpdesk["hours"] = {"office": {"open": open_at}}
    helpdesk["desk"]["languages"] = {"es-US": "Polly.Lupe"}
    with io.StringIO() as written:
        yaml.dump(helpdesk, written)
        (flows / "helpdesk.yml").write_text(written.getvalue())
    (flows / "clients.yml").write_text(CLIENTS)
    return flows
