"""The row's id is the key of one send; the message's own id may be any text, and has its column."""

from django.db import migrations, models


def copy_ids(apps, schema_editor):
    rows = apps.get_model("actors", "OutboxMessage").objects.using(schema_editor.connection.alias)
    for row in rows.filter(message_id="").only("pk").iterator(chunk_size=1000):
        rows.filter(pk=row.pk).update(message_id=str(row.pk))


class Migration(migrations.Migration):

    dependencies = [
        ("actors", "0002_lease"),
    ]

    operations = [
        migrations.AddField(
            model_name="outboxmessage",
            name="message_id",
            field=models.CharField(default="", max_length=255),
            preserve_default=False,
        ),
        migrations.AddField(
            model_name="outboxmessage",
            name="problem",
            field=models.TextField(blank=True),
        ),
        migrations.RunPython(copy_ids, migrations.RunPython.noop),
        migrations.AddIndex(
            model_name="outboxmessage",
            index=models.Index(fields=["message_id"], name="outbox_by_message"),
        ),
    ]
