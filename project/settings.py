"""Every setting, once. The environment is read here only, through `project.env`.

Defaults are safe for production; `make run` sets DEVELOPMENT and a few addresses.
"""

from __future__ import annotations

from pathlib import Path
from urllib.parse import unquote

import dj_database_url
from django.utils.csp import CSP

from project.env import (
    env_bool,
    env_choice,
    env_int,
    env_list,
    env_seconds,
    env_secret,
    env_str,
    env_url,
    stored_secret,
)
from project.machine import memory_bytes
from project.paths import embedded_url

BASE_DIR = Path(__file__).resolve().parent.parent

#: All data: database, files, the embedded server, the secret key.
DATA_DIR = Path(env_str("DATA_DIR", str(BASE_DIR / "var"))).resolve()

#: True under `make run`: plain http on localhost, and the mail viewer at /dev/mail/.
DEVELOPMENT = env_bool("DEVELOPMENT", False)
DEBUG = env_bool("DEBUG", False)
#: Set by our supervisor: processes end themselves when it is gone.
SUPERVISED = env_bool("DARKROOM_SUPERVISED", False)

#: Where a browser finds the site; links in mails start with it. No slash at the end.
_SITE = env_url("BASE_URL", "http://localhost:8000", schemes=("https", "http"))
BASE_URL = _SITE.geturl().rstrip("/")

#: Several machines share one site's key: set it there. One machine alone makes and keeps its own.
SECRET_KEY = env_secret("SECRET_KEY") or stored_secret(DATA_DIR / "secret_key")
ALLOWED_HOSTS = env_list("ALLOWED_HOSTS", ["localhost", "127.0.0.1", "[::1]"])
CSRF_FAILURE_VIEW = "media_app.views.errors.csrf_failure"
CSRF_TRUSTED_ORIGINS = env_list("CSRF_TRUSTED_ORIGINS", [])
#: The proxy's header that says https, such as X-Forwarded-Proto; empty: none is trusted.
_PROXY_HEADER = env_str("TRUSTED_PROXY_TLS_HEADER", "")
if _PROXY_HEADER:
    SECURE_PROXY_SSL_HEADER = (f"HTTP_{_PROXY_HEADER.upper().replace('-', '_')}", "https")
SESSION_COOKIE_SECURE = CSRF_COOKIE_SECURE = not DEVELOPMENT
SESSION_COOKIE_HTTPONLY = True
SESSION_COOKIE_SAMESITE = CSRF_COOKIE_SAMESITE = "Lax"
SECURE_REFERRER_POLICY = "same-origin"
X_FRAME_OPTIONS = "DENY"
SECURE_CSP = {
    "default-src": [CSP.SELF],
    "img-src": [CSP.SELF, "blob:", "data:"],
    "object-src": [CSP.NONE],
    "base-uri": [CSP.NONE],
    "form-action": [CSP.SELF],
    "frame-ancestors": [CSP.NONE],
}

INSTALLED_APPS = [
    "django.contrib.admin",
    "django.contrib.auth",
    "django.contrib.contenttypes",
    "django.contrib.sessions",
    "django.contrib.messages",
    "django.contrib.staticfiles",
    "django_dramatiq",
    "actors",
    "media_app",
    "servestatic",
]
MIDDLEWARE = [
    "django.middleware.security.SecurityMiddleware",
    "django.middleware.csp.ContentSecurityPolicyMiddleware",
    "servestatic.middleware.ServeStaticMiddleware",
    "django.contrib.sessions.middleware.SessionMiddleware",
    "django.middleware.common.CommonMiddleware",
    "django.middleware.csrf.CsrfViewMiddleware",
    "django.contrib.auth.middleware.AuthenticationMiddleware",
    "django.contrib.messages.middleware.MessageMiddleware",
    "django.middleware.clickjacking.XFrameOptionsMiddleware",
]
ROOT_URLCONF = "project.urls"
ASGI_APPLICATION = "asgi.application"
TEMPLATES = [
    {
        "BACKEND": "django.template.backends.django.DjangoTemplates",
        "APP_DIRS": True,
        "OPTIONS": {
            "context_processors": [
                "django.template.context_processors.request",
                "django.contrib.auth.context_processors.auth",
                "django.contrib.messages.context_processors.messages",
            ],
        },
    },
]

DEFAULT_AUTO_FIELD = "django.db.models.BigAutoField"
DATABASES = {
    "default": dj_database_url.parse(
        env_str("DATABASE_URL", f"sqlite:///{DATA_DIR / 'db.sqlite3'}"),
        conn_max_age=0,
    )
}
if DATABASES["default"]["ENGINE"] == "django.db.backends.sqlite3":
    DATABASES["default"]["OPTIONS"] = {
        "init_command": "PRAGMA journal_mode=WAL; PRAGMA synchronous=NORMAL;",
        "transaction_mode": "IMMEDIATE",
        "timeout": 20.0,
    }

AUTH_USER_MODEL = "media_app.User"
AUTH_PASSWORD_VALIDATORS = [
    {"NAME": f"django.contrib.auth.password_validation.{name}"}
    for name in (
        "UserAttributeSimilarityValidator",
        "MinimumLengthValidator",
        "CommonPasswordValidator",
        "NumericPasswordValidator",
    )
]
LOGIN_URL = "log_in"
LOGIN_REDIRECT_URL = "gallery"
LOGOUT_REDIRECT_URL = "gallery"
PASSWORD_RESET_TIMEOUT = 24 * 60 * 60

LANGUAGE_CODE = "en"
TIME_ZONE = "UTC"
USE_TZ = True

STATIC_URL = "/static/"
STATIC_ROOT = DATA_DIR / "static"
MEDIA_ROOT = DATA_DIR / "media"
STORAGES = {
    "default": {"BACKEND": "media_app.storage.AtomicFileSystemStorage"},
    "staticfiles": {"BACKEND": "media_app.storage.HashedStaticFiles"},
}

#: Bytes. One uploaded file; more is answered 413 before the body is read.
UPLOAD_MAX_BYTES = env_int("UPLOAD_MAX_MB", 25, at_least=1) * 1_000_000
#: Pixels, and pixels a side; read from the header before anything is decoded.
IMAGE_MAX_PIXELS = 64_000_000
IMAGE_MAX_SIDE_PX = 16_383
#: Of a longer animation, only the first frame is shown: frames, and pixels over all frames.
IMAGE_MAX_FRAMES = 250
IMAGE_MAX_MOVING_PIXELS = 128_000_000
#: Seconds, and bytes of memory, that developing one picture may take. Both hold against any file.
#: Half of a small machine's memory: the other half is for all else.
IMAGE_DEADLINE_S = env_seconds("IMAGE_DEADLINE", 30.0)
_HALF_MB = (memory_bytes() or 2_000_000_000) // 2_000_000
IMAGE_MEMORY_MB = env_int("IMAGE_MEMORY_MB", min(max(_HALF_MB, 200), 1000), at_least=200)
IMAGE_MEMORY_BYTES = IMAGE_MEMORY_MB * 1_000_000
#: Pictures that need 150 MB or more are developed so many at a time on a machine.
IMAGE_BIG_AT_ONCE = env_int("IMAGE_BIG_AT_ONCE", 1, at_least=1)
#: Seconds after which a picture that is being developed is taken for one of a worker that died.
IMAGE_LEASE_S = IMAGE_DEADLINE_S + 30.0
#: Whether each thread of a worker starts its developing process before there is work.
IMAGE_WARM_UP = True
#: Encoders that run at the same time for one picture.
IMAGE_THREADS = env_int("IMAGE_THREADS", 2, at_least=1)
#: What is made of every picture: name, width, formats, and for crops the proportion. A new row, and
#: `manage.py remake`, add a width. No picture is enlarged.
IMAGE_PRESETS = (
    ("small", 320, "webp avif"),
    ("medium", 800, "webp avif jpeg"),
    ("large", 1600, "webp avif"),
    ("square", 800, "webp", (1, 1)),
    ("banner", 1600, "webp", (3, 1)),
)
#: `kept`: originals as they were sent. `stripped`: without their metadata, from the upload on.
ORIGINAL_POLICY = env_choice("ORIGINAL_POLICY", "kept", choices=("kept", "stripped"))
#: Seconds that a link to a file opens it for whoever holds it.
SIGNED_URL_LIFE_S = env_seconds("SIGNED_URL_LIFE", 7 * 24 * 60 * 60.0)
#: On the media's file system, so that a received file is moved to its place instead of copied.
FILE_UPLOAD_TEMP_DIR = DATA_DIR / "tmp"
FILE_UPLOAD_TEMP_DIR.mkdir(parents=True, exist_ok=True)

#: redis-py's form. Unset: the embedded server that `make run` starts for this DATA_DIR.
REDIS_URL = env_str("REDIS_URL", embedded_url(DATA_DIR))
REDIS_IS_EMBEDDED = embedded_url(DATA_DIR) == REDIS_URL

#: Seconds that connecting, sending and the answer may take before `BrokerUnavailable`.
ACTORS_SEND_TIMEOUT_S = env_seconds("ACTORS_SEND_TIMEOUT", 1.0)
#: Seconds that a result can be fetched after its message ended.
ACTORS_RESULT_TTL_S = env_seconds("ACTORS_RESULT_TTL", 3600.0)
ACTORS_REDIS_URL = REDIS_URL
#: Said after "Redis can't be reached": what a person can do about it.
ACTORS_REDIS_HINT = (
    f"No embedded server runs for DATA_DIR={DATA_DIR}: start it with `make run`, "
    "or set REDIS_URL to a server of yours."
    if REDIS_IS_EMBEDDED
    else "Check REDIS_URL, and that the server is up."
)

#: Dramatiq's JSON, by a fast library.
DRAMATIQ_ENCODER = "actors.encoding.FastEncoder"
DRAMATIQ_AUTODISCOVER_MODULES = ("tasks", "actors", "arithmetic", "resizing", "emailing")
DRAMATIQ_BROKER = {
    "BROKER": "actors.broker.RedisBroker",
    "OPTIONS": {},
    "MIDDLEWARE": [
        "dramatiq.middleware.AgeLimit",
        "dramatiq.middleware.TimeLimit",
        "dramatiq.middleware.ShutdownNotifications",
        "dramatiq.middleware.Callbacks",
        "dramatiq.middleware.Pipelines",
        "actors.group_callbacks.GroupCallbacks",
        "dramatiq.middleware.Retries",
        "dramatiq.middleware.AsyncIO",
        "django_dramatiq.middleware.DbConnectionsMiddleware",
        "actors.middleware.Facade",
        "actors.middleware.DeadLetters",
        "actors.middleware.OutboxRelay",
        "actors.sweeper.Sweep",
        "actors.middleware.ParentWatch",
    ],
}
DRAMATIQ_RESULT_BACKEND = {
    "BACKEND": "actors.results.RedisBackend",
    "BACKEND_OPTIONS": {},
    "MIDDLEWARE_OPTIONS": {
        "store_results": True,
        "result_ttl": int(ACTORS_RESULT_TTL_S * 1000),
    },
}

_MAIL = env_url("MAIL_URL", "smtp://localhost:25", schemes=("smtp", "smtp+starttls", "smtps"))
MAILERS = {
    "default": {
        "BACKEND": "media_app.smtp.Backend",
        "OPTIONS": {
            "host": _MAIL.hostname or "localhost",
            "port": _MAIL.port or (465 if _MAIL.scheme == "smtps" else 25),
            "username": unquote(_MAIL.username or ""),
            "password": unquote(_MAIL.password or ""),
            "use_ssl": _MAIL.scheme == "smtps",
            "use_tls": _MAIL.scheme == "smtp+starttls",
            "timeout": 10,
            # Said in EHLO. Named here, because looking this machine's name up can take long.
            "local_hostname": env_str("MAIL_EHLO_NAME", _SITE.hostname or "localhost"),
        },
    }
}
DEFAULT_FROM_EMAIL = SERVER_EMAIL = env_str("MAIL_FROM", "Darkroom <darkroom@localhost>")
#: Seconds after which a mail that is being sent is taken for one of a worker that died. Longer
#: than its dialogue lasts: four answers of at most `timeout` seconds.
MAIL_LEASE_S = env_seconds("MAIL_LEASE", 45.0)
#: Seconds without an upload after which a batch is closed and its owner told by mail.
BATCH_QUIET_S = env_seconds("BATCH_QUIET", 60.0)
#: Where the mail viewer keeps what was sent; the viewer's pages exist in development only.
DEV_MAIL_DIR = DATA_DIR / "mail"

LOGGING = {
    "version": 1,
    "disable_existing_loggers": False,
    "formatters": {"plain": {"format": "{levelname:<7} {name}: {message}", "style": "{"}},
    "handlers": {"console": {"class": "logging.StreamHandler", "formatter": "plain"}},
    "root": {"handlers": ["console"], "level": "INFO"},
}
