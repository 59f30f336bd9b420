"""The sample that ships: guideline pages, and questions on them. For software, not for care."""

from pathlib import Path

GUIDELINES = Path(__file__).parent / "guidelines"
QUESTIONS = Path(__file__).parent / "questions"
