"""HEIC files of `pictures.marked()`. Nothing here can write them: made once, with pillow-heif."""

from __future__ import annotations

import base64
import zlib

_PLAIN = (
    "eNpjYGCQSSupLMhIzUxmAILczDRDEDs3MzGNgYGxNje1JJEBAhQzUnKKoGyGgszkEgY0oJSZkw82xMWBgREIgYBxIY"
    "QGgl4gVs7MzEsD80CiokBOKhOUl1GWbAhi8hVkluTClfzNLCgqANJ3MwuS84F0GVCZMyMzSGgCWJHcB4Y/f3/8YGDg"
    "Z04A6pBwYORh/P8fpIAZpIIZhOR2MTkkAiW1nBgZ0WQWKDSyTnv1ZNnOHRwZBgpAIWYQwaCYBFTO5sJ4sPhAJ9AS4e"
    "T8nKK85JwKoCgvA1sDUEgks7ggFeozByjWSM5JBLnMBup4DRD9////P0CaCUi/ANFALFCQWZEJ0sjMwcEBpCQyC3Jh"
    "gQwMN9ZGJmbWFiB7am5KIiiQOzUY13M+eNyy5f4fZv5/l63k9i7dv2H1vwuVNVm9Qntns93axHVm+l3Z/fULcu7F/6"
    "25u+2JWEnYww/RV2RbNJ7GX3qst9ygnDlFUcniX2mnvkpB0GKT1sK/67Ry3nHf7Lu+XyKrJsnzoUnA3vzw3RyRcs0/"
    "LKZkPV4ovJaj9OXr4PoNQvYf1pXYXq4qyxN7nAAAZQSTzw=="
)
_TURNED = (
    "eNqlU2tIFFEUPrNTtprP8lWIrVGxbIX6p6zMlrKiyBJL0upHs7MzemHHvcxOthEVVgihQb8qEnv86AVJBgVqgUqBhQ"
    "SGIQSGRQ/UNMRKTM3p3JlhV/wRRYe9e7773W/OveecewEgTdaO0XKJiICmEDmbYYUIMgD/TZE0AUzLKPf6VAsDJaIG"
    "s2wb8fmNIPlu4IFjaE6K6dFugM1gmkJMHqoYMxZiFuLwEFIhGzO2moQTyfgQNeWVYjbMIDkWcmuQGHJXiORZGooEAq"
    "U+Igoa8Vdkql55ZVDxGXFjKdEUsGLa+glVKfoOQkU/cpW4yxaORwouGKL0EZj6NT4OEMcfxi9S3Vw0p+tMwDMFz37p"
    "LTa3gIuuzRw3a+W6o2ruxcGPt5qb7OVZDqR49gcZHpRH5HPtgbZzeJDvot+nUtWPqXD9RlVQpVRoatH2zY6S0gOOmY"
    "UWxACFP9pYj1nT7tXw7xbplQKsjyM4lolUxUZziQwf1SjDOYgT1X1FWxDvQuwoMzGrrsNj4lqGVTw44ntMX2biNoY9"
    "Jn7NsOI7Ilr7shNHSxXFe9HbcaSBBhIEQPsbTbhG4dypoAqhm2STsbajtwFiSvGidQFEHfzf9fCeZ/oANrbquv44zO"
    "1sBXiwFnXNYc6JtUuYD/C8meVOAlSy8nJbwyn6BNZbp5VrLvMYl90JG/op5nHEUxIkxtHsdlaHSKL6NXbMRYQqQqhY"
    "XESVjZ97tppFJKokWwuxohc7bGOC0Iy3ZhOKV2BPu97J3Y98NxA76OpeV6z3KPrnNMH5o7thaKn9ad3knq/C7nkJh7"
    "YXtsoxJ57oa4Y21Tx8pk+3RC6pv+6Mvrt/fWfz+fjejcrNkpuXA+7G/qzqruPwouYqLayue3tqVdOjYTn5TUfOwM9F"
    "i69Efchdcto1v7+z8UtyMHri5XCh4+p0+6fi9xuq+/x5o70J0o6kS8t3ZJ18dW38TmptSsNkAb5GiDBffkEBuIzLYO"
    "PijNLE4ljBLTCahk/MzDggiaqkOURBkbCnucE8i6A+QZRyM4N5vwH4lhC4"
)


def plain() -> bytes:
    """The picture as it is."""
    return zlib.decompress(base64.b64decode(_PLAIN))


def turned() -> bytes:
    """Stored on its side, turned by the container; camera in EXIF, place in XMP, Display P3."""
    return zlib.decompress(base64.b64decode(_TURNED))
