"""What a recording holds: tones and speech, measured with numpy."""

import subprocess
import wave
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

Sound = NDArray[np.float64]


def tone(path: Path, hertz: float, rate: int, seconds: int = 60) -> Path:
    _sox("-n", "-r", rate, "-c", 1, "-b", 16, path, "synth", seconds, "sine", hertz, "vol", 0.5)
    return path


def speech(path: Path, words: str, rate: int, repeat: int = 8) -> Path:
    """`words` spoken over and over."""
    raw = path.with_suffix(".raw.wav")
    subprocess.run(["espeak-ng", "-w", raw, words], check=True)
    _sox(raw, "-r", rate, "-c", 1, "-b", 16, path, "norm", -3, "repeat", repeat)
    return path


def _sox(*words: object) -> None:
    subprocess.run(["sox", *map(str, words)], check=True)


def load(path: Path) -> tuple[Sound, int]:
    """(samples from -1 to 1, samples a second)"""
    with wave.open(str(path)) as file:
        samples = np.frombuffer(file.readframes(file.getnframes()), dtype="<i2")
        return samples.astype(np.float64) / 32768, file.getframerate()


def seconds(path: Path) -> float:
    samples, rate = load(path)
    return len(samples) / rate


def share(path: Path, hertz: float, width: float = 25) -> float:
    """How much of the sound's energy lies around that pitch, 0 to 1; 0 when it is silent."""
    samples, rate = load(path)
    power = np.abs(np.fft.rfft(samples * np.hanning(len(samples)))) ** 2
    pitch = np.fft.rfftfreq(len(samples), 1 / rate)
    loud = np.sqrt(np.mean(samples**2)) > 0.01
    return float(power[np.abs(pitch - hertz) < width].sum() / power.sum()) if loud else 0.0


def likeness(heard: Path, said: Path) -> float:
    """Best correlation, 0 to 1, of two seconds from the middle of what was heard with what was said."""
    (part, rate), (whole, said_rate) = load(heard), load(said)
    assert rate == said_rate, f"recorded at {rate} Hz, spoken at {said_rate} Hz"
    middle = len(part) // 2
    part = part[middle - rate : middle + rate]
    size = 1 << (len(whole) + len(part)).bit_length()
    product = np.fft.irfft(np.fft.rfft(whole, size) * np.conj(np.fft.rfft(part, size)), size)
    product = product[: len(whole) - len(part)]
    sums = np.concatenate([[0.0], np.cumsum(whole**2)])
    energy = (sums[len(part) :] - sums[: -len(part)])[: len(product)]
    scale = np.sqrt(np.maximum(energy, 1e-3) * max(float((part**2).sum()), 1e-3))
    return float(np.max(product / scale))
