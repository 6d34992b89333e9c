"""Makes exports of any size for the benchmark: comments put together from pieces, a sixth of them said before."""

from __future__ import annotations

import argparse
import csv
import random
from collections.abc import Iterator
from itertools import chain
from pathlib import Path

from tests.workbooks import write_workbook

HEADER = ["Fecha", "Nota", "NPS", "ID Cliente", "Comentario Final"]
SHORT = [
    "Buen servicio", "Todo bien", "Excelente", "Muy lento", "No anda", "Sin comentarios", "Se corta mucho", "Muy caro",
    "Pésima atención", "Conforme", "normal", "ok", "Nada que decir", "Iporã", "ndaipóri señal", "mejorar la velocidad",
]  # fmt: skip
WHAT = [
    "el internet", "la conexión", "el wifi", "la fibra", "el servicio", "la señal", "el router", "la velocidad",
    "el modem", "la app", "la factura", "el decodificador", "el técnico", "el call center", "la sucursal", "el plan",
]  # fmt: skip
DOES = [
    "se corta", "anda muy bien", "no funciona", "es un desastre", "mejoró bastante", "es muy caro", "va lento",
    "es excelente", "nunca falla", "me tiene cansada", "no responde", "llegó con error", "es estable", "se reinicia",
    "me encanta", "tarda demasiado", "es lo mismo de siempre", "vino puntual", "me cobraron de más", "es impecable",
]  # fmt: skip
WHEN = [
    "todas las noches", "desde ayer", "hace tres días", "cuando llueve", "los fines de semana", "desde que instalaron",
    "en horas pico", "hace un mes", "de madrugada", "a la siesta", "toda la semana", "desde el lunes",
]  # fmt: skip
WHERE = [
    "en Luque", "en San Lorenzo", "en mi casa", "en Lambaré", "en Capiatá", "en la oficina", "en Encarnación",
    "en Ñemby", "en el barrio", "en Villa Elisa", "en Itauguá", "en la pieza", "en Ciudad del Este",
]  # fmt: skip
AND = [
    "por favor revisen", "quiero dar de baja", "gracias", "ya reclamé {n} veces", "pago por {n} megas", "lo recomiendo",
    "me voy a cambiar a otra compañía", "espero una solución", "nadie me contesta", "estoy muy conforme", "che vare'a",
    "qué vergüenza", "cuándo lo arreglan", "aguyje", "soy cliente hace {n} años", "mis hijos no pueden estudiar",
]  # fmt: skip
PLAIN = str.maketrans("áéíóúñ", "aeioun")


def comments(rows: int, seed: int = 1) -> Iterator[str]:
    """Comments of about a hundred characters; some are blank, shouted, without accents, or said before."""
    pick = random.Random(seed)
    said: list[str] = []
    for _ in range(rows):
        dice = pick.random()
        if dice < 0.03:
            yield pick.choice(["", "   ", "...", "👍"])
            continue
        if dice < 0.08:
            text = pick.choice(SHORT)
        elif dice < 0.2 and said:
            text = pick.choice(said)
        else:
            text = ", ".join(_clause(pick) for _ in range(pick.choice([1, 2, 2, 3, 4])))
            if len(said) < 10_000:
                said.append(text)
        yield _as_typed(text, pick)


def _clause(pick: random.Random) -> str:
    words = [pick.choice(WHAT), pick.choice(DOES)]
    words += [pick.choice(WHEN)] if pick.random() < 0.6 else []
    words += [pick.choice(WHERE)] if pick.random() < 0.5 else []
    words += ["y", pick.choice(AND).format(n=pick.randrange(1, 500))] if pick.random() < 0.5 else []
    return " ".join(words)


def _as_typed(text: str, pick: random.Random) -> str:
    dice = pick.random()
    if dice < 0.2:
        text = text.translate(PLAIN)
    elif dice < 0.27:
        text = text.upper()
    elif dice < 0.32:
        at = pick.randrange(len(text))
        text = text[:at] + text[at + 1 :]
    return text + pick.choice(["", "", "", ".", "!!", " 😡", "\ngracias"])


def records(rows: int, seed: int = 1) -> Iterator[list[str]]:
    """Rows of an export with the columns of `HEADER`."""
    pick = random.Random(seed)
    for text in comments(rows, seed):
        score = pick.randrange(11)
        group = "Promotor" if score > 8 else "Pasivo" if score > 6 else "Detractor"
        date = f"{pick.randrange(2023, 2026)}-{pick.randrange(1, 13):02d}-{pick.randrange(1, 29):02d} 10:00:00"
        yield [date, str(score), group, f"{pick.randrange(400_000):07d}", text]


def write_export(path: Path, rows: int, seed: int = 1) -> Path:
    """Write an export, CSV or XLSX by the name of the file."""
    if path.suffix == ".xlsx":
        write_workbook(path, chain([HEADER], records(rows, seed)))
        return path
    with path.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file)
        writer.writerow(HEADER)
        writer.writerows(records(rows, seed))
    return path


if __name__ == "__main__":
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("path", type=Path)
    parser.add_argument("rows", type=int)
    parser.add_argument("--seed", type=int, default=1)
    arguments = parser.parse_args()
    write_export(arguments.path, arguments.rows, arguments.seed)
