"""Words and signs of any script in one Unicode form: what is the same is, what differs differs."""

from __future__ import annotations

import unicodedata

import pytest
from hypothesis import example, given, settings
from hypothesis import strategies as st
from tiny_transfer import MASK, build, corpus_of, texts_of

from kdzoo.data import Example, normalised
from kdzoo.data import words as module
from kdzoo.data.words import in_one_form, joined, likeness, segments, words_of

DIFFERENT = [
    ("I write C", "I write C++"),
    ("I write C", "I write C#"),
    ("5 degrees", "-5 degrees"),
    ("it fell by 5", "it fell by 5%"),
    ("5 $", "5 €"),
    ("a < b", "a > b"),
    ("great :)", "great :("),
    ("😊😀", "😔😔"),
    ("fine 👍🏻", "fine 👍🏿"),
    ("from 🇩🇪", "from 🇫🇷"),
    ("👩\u200d💻 at work", "👩 💻 at work"),
    ("✓ done", "✗ done"),
    ("schon", "schön"),
    ("papa", "papá"),
    ("वह जाता है", "वह जाती है"),  # told apart by a vowel sign alone
    ("की", "का"),
    ("มา", "ม้า"),  # and by a tone mark
    ("שָׁלוֹם", "שִׁלוּם"),
    ("می\u200cخواهم", "میخواهم"),
    ("é", "è"),
    ("你好吗", "你好嘛"),
]
SAME = [
    ("Play, jazz!", "play JAZZ"),
    ("café", "cafe\u0301"),
    ("Å", "\u212b"),
    ("한국", unicodedata.normalize("NFD", "한국")),
    ("play\u00a0jazz", "play jazz"),
    ("play\u200b jazz\ufeff", "play jazz"),
    ("co\u00adoperate", "cooperate"),
    ("\u202bplay\u202c", "play"),
    ("❤️ it", "❤ it"),
    ("你好，吗？", "你好吗"),
    ("你 好", "你好"),
    ("«Où ?»", "où"),
    ("week\x00", "week"),
]


@pytest.mark.parametrize(("one", "other"), DIFFERENT)
def test_texts_told_apart_by_a_mark_or_sign_are_two(one: str, other: str) -> None:
    assert normalised(Example(one)) != normalised(Example(other))


@pytest.mark.parametrize(("one", "other"), SAME)
def test_texts_that_a_reader_sees_as_the_same_are_one(one: str, other: str) -> None:
    assert normalised(Example(one)) == normalised(Example(other))


@given(text=st.text(st.characters(codec="ascii")))
@settings(max_examples=200)
def test_ascii_has_the_same_words_on_its_shorter_way(text: str) -> None:
    form = in_one_form(text)

    assert words_of(text) == module._WORD.findall(form)


@given(text=st.text(st.characters(codec="ascii")))
def test_ascii_is_in_one_form_already_but_for_case_and_what_cannot_be_seen(text: str) -> None:
    seen = "".join(each for each in text if each.isprintable() or each in "\t\n\v\f\r")

    assert in_one_form(text) == seen.lower()


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("我想买iPhone 15，谢谢！", ["我", "想", "买", "iphone", "15", "谢", "谢"]),
        ("กำลังทำงาน", ["กำ", "ลั", "ง", "ทำ", "ง", "า", "น"]),
        ("ポーズ、ください", ["ポ", "ー", "ズ", "く", "だ", "さ", "い"]),
        ("ភាសា", ["ភា", "សា"]),
        ("가나다 좋은", ["가나다", "좋은"]),
        ("दौड़ता है।", ["दौड़ता", "है"]),
        ("it's 5% of -3", ["it", "s", "5", "%", "of", "-3"]),
        ("😀😀", ["😀", "😀"]),
        ("...", []),
    ],
)
def test_words_are_counted_in_scripts_with_and_without_spaces(text: str, words: list[str]) -> None:
    assert words_of(text) == [unicodedata.normalize("NFC", word) for word in words]


@pytest.mark.parametrize(
    "text",
    [
        "我想买iPhone 15，谢谢！",
        "กำลังทำงาน",
        "ください 再生",
        "play some jazz , now",
        "größer 🙂 «als»",
        "가나다 좋은",
        "😄😊👍🏽👩\u200d💻🇩🇪🇫🇷",
        "jazz😀 now 😀",
    ],
)
def test_segments_make_the_text_again(text: str) -> None:
    assert joined(segments(text)).replace(" ", "") == text.replace(" ", "")
    assert segments(joined(segments(text))) == segments(text)


PIECES = [
    *("日", "กำ", "、", "🎉", "🇩🇪", "🇫", "👍🏽", "ab", "?", " "),
    *("\u200d", "\ufe0f", "\u0301", "e\u0301"),
]


@given(text=st.lists(st.sampled_from(PIECES), max_size=8).map("".join))
@example(text="日本語 🎉 🎉")
def test_segments_of_any_scripts_side_by_side_can_be_joined_again(text: str) -> None:
    assert segments(joined(segments(text))) == segments(text)


@given(text=st.text(st.characters(codec="latin-1")))
def test_segments_of_spaced_scripts_are_what_spaces_divide(text: str) -> None:
    """Transfer sets of such data are what they were before other scripts were known."""
    assert segments(text) == text.split()
    assert joined(segments(text)) == " ".join(text.split())


CHINESE = ["帮我点一份炒饭", "去西安的火车几点开", "订一张去广州的票", "今天上海会下雨吗"]
THAI = ["ฝนจะตกพรุ่งนี้ไหม", "เปิดเพลงใหม่ให้ฉันฟัง", "จองตั๋วรถไฟไปเชียงใหม่"]
JAPANESE = ["明日の天気を教えてください", "新しいアルバムを再生して", "東京までの切符を予約する"]
EMOJI = ["😄😊😔😔", "😀🥰😊", "🇩🇪🇫🇷👍🏽🎉"]


@pytest.mark.parametrize(
    "texts",
    [CHINESE, THAI, JAPANESE, EMOJI],
    ids=["chinese", "thai", "japanese", "emoji"],
)
@pytest.mark.parametrize("kind", ["mask", "ngram", "ngram_mask"])
def test_augmenters_find_new_texts_in_scripts_without_spaces(texts: list[str], kind: str) -> None:
    transfer = build(corpus_of(texts), kind=kind, copies=4)

    assert transfer.made > 0.5 * transfer.wanted
    known = {word for text in texts for word in segments(text)} | {MASK}
    for text in texts_of(transfer)[len(texts) :]:
        assert known >= {*segments(text)}
        assert " " not in text.replace(f" {MASK}", MASK).replace(f"{MASK} ", MASK)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("Food", "food"),
        ("STRASSE", "straße"),
        ("food", "food\u200b"),
        ("credit card", "credit\u00a0card"),
        ("credit  card", "credit card"),
        ("café", "cafe\u0301"),
        ("Ｆood", "food"),
        ("1", "1.0"),
        ("1.00", "01"),
        ("-1", "-1.0"),
        ("0", "0."),
    ],
)
def test_labels_that_a_reader_may_take_for_each_other_are_alike(one: str, other: str) -> None:
    assert likeness(one) == likeness(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", "-1"), ("1", "10"), ("0.1", "0.10"), ("1.5", "15"), ("C", "C++"), ("no", "none"),
        ("schon", "schön"), ("creditcard", "credit card"), ("की", "का"),
    ],
)  # fmt: skip
def test_labels_that_say_different_things_are_not(one: str, other: str) -> None:
    assert likeness(one) != likeness(other)
