"""The permissions: who may use each endpoint."""

from enum import IntEnum

from app.role import Role


class Who(IntEnum):
    """Who may use an endpoint: they, and everybody below them in this list."""

    ANYBODY = 0
    VIEWER = 1
    TEACHER = 2
    ADMINISTRATOR = 3


WHO_MAY = {
    "account.link": Who.ANYBODY,  # checks the link's key
    "account.setup": Who.ANYBODY,  # checks the key of the set-up link
    "account.sign_in": Who.ANYBODY,
    "account.sign_out": Who.VIEWER,
    "api.add_note": Who.TEACHER,
    "api.analyse": Who.TEACHER,
    "api.change_lecture": Who.TEACHER,
    "api.delete_lecture": Who.TEACHER,
    "api.delete_note": Who.TEACHER,
    "api.delete_question": Who.TEACHER,
    "api.lecture": Who.TEACHER,
    "api.lecture_minutes": Who.TEACHER,
    "api.lecture_notes": Who.TEACHER,
    "api.lecture_report": Who.TEACHER,
    "api.lecture_unusual": Who.TEACHER,
    "api.lectures": Who.TEACHER,
    "api.minutes": Who.TEACHER,
    "api.now": Who.VIEWER,
    "api.pulse": Who.VIEWER,
    "api.questions": Who.TEACHER,
    "api.rooms": Who.VIEWER,
    "api.start_lecture": Who.TEACHER,
    "api.state": Who.VIEWER,
    "api.timetable": Who.TEACHER,
    "api_docs.docs": Who.VIEWER,
    "areas.areas": Who.ADMINISTRATOR,
    "audit.audit": Who.ADMINISTRATOR,
    "audit.download": Who.ADMINISTRATOR,
    "control.hide_advice": Who.TEACHER,
    "control.hide_faces": Who.TEACHER,
    "control.pause": Who.TEACHER,
    "control.resume": Who.TEACHER,
    "course.course": Who.TEACHER,
    "course.named": Who.TEACHER,
    "detector.install": Who.ADMINISTRATOR,
    "detector.page": Who.ADMINISTRATOR,
    "detector.remove": Who.ADMINISTRATOR,
    "events.events": Who.VIEWER,
    "frames.post_frame": Who.TEACHER,
    "health.healthz": Who.ANYBODY,
    "health.readyz": Who.ANYBODY,
    "language.choose": Who.ANYBODY,
    "lectures.listing": Who.TEACHER,
    "live.live": Who.VIEWER,
    "live.screen": Who.VIEWER,
    "live.start_lecture": Who.TEACHER,
    "media.snapshot": Who.VIEWER,
    "media.stream": Who.VIEWER,
    "metrics.metrics": Who.ANYBODY,  # checks METRICS_TOKEN
    "model.model": Who.ANYBODY,
    "my_account.account": Who.VIEWER,
    "my_account.choose_language": Who.VIEWER,
    "my_account.choose_note_tags": Who.TEACHER,
    "my_account.create_key": Who.VIEWER,
    "my_account.end_other_sessions": Who.VIEWER,
    "my_account.end_session": Who.VIEWER,
    "my_account.password": Who.VIEWER,
    "my_account.revoke_key": Who.VIEWER,
    "notice.notice": Who.ANYBODY,
    "notice.qr_code": Who.ANYBODY,
    "openapi": Who.VIEWER,
    "people.invite": Who.ADMINISTRATOR,
    "people.make_link": Who.ADMINISTRATOR,
    "people.people": Who.ADMINISTRATOR,
    "people.person": Who.ADMINISTRATOR,
    "people.remove": Who.ADMINISTRATOR,
    "people.withdraw": Who.ADMINISTRATOR,
    "pulse.answer": Who.ANYBODY,  # the pages of students check the lecture's code
    "pulse.ask": Who.ANYBODY,
    "pulse.enter": Who.ANYBODY,
    "pulse.page": Who.ANYBODY,
    "pulse.state": Who.ANYBODY,
    "pulse.vote": Who.ANYBODY,
    "pulse_panel.ask_poll": Who.TEACHER,
    "pulse_panel.delete_question": Who.TEACHER,
    "pulse_panel.end_poll": Who.TEACHER,
    "recordings.add": Who.TEACHER,
    "recordings.listing": Who.TEACHER,
    "recordings.offset": Who.TEACHER,
    "recordings.receive": Who.TEACHER,
    "recordings.remove": Who.TEACHER,
    "recordings.set_beginning": Who.TEACHER,
    "report.add_note": Who.TEACHER,
    "report.compare": Who.TEACHER,
    "report.delete": Who.TEACHER,
    "report.delete_note": Who.TEACHER,
    "report.download": Who.TEACHER,
    "report.end": Who.TEACHER,
    "report.rename": Who.TEACHER,
    "report.report": Who.TEACHER,
    "report.restore": Who.TEACHER,
    "report.restore_note": Who.TEACHER,
    "report.resume": Who.TEACHER,
    "report.share": Who.TEACHER,
    "room_settings.camera": Who.ADMINISTRATOR,
    "room_settings.first_run": Who.ADMINISTRATOR,
    "room_settings.notify": Who.ADMINISTRATOR,
    "room_settings.settings": Who.ADMINISTRATOR,
    "rooms.add": Who.ADMINISTRATOR,
    "rooms.archive": Who.ADMINISTRATOR,
    "rooms.delete": Who.ADMINISTRATOR,
    "rooms.restore": Who.ADMINISTRATOR,
    "rooms.wall": Who.VIEWER,
    "send.frames": Who.TEACHER,
    "send.page": Who.TEACHER,
    "single_sign_on.begin": Who.ANYBODY,
    "single_sign_on.complete": Who.ANYBODY,  # Authlib checks what the provider answers
    "static": Who.ANYBODY,
    "style.palette": Who.ANYBODY,
    "timetable.remove_calendar": Who.ADMINISTRATOR,
    "timetable.remove_line": Who.ADMINISTRATOR,
    "timetable.save_calendar": Who.ADMINISTRATOR,
    "timetable.save_line": Who.ADMINISTRATOR,
    "timetable.save_switch": Who.ADMINISTRATOR,
    "timetable.timetable": Who.TEACHER,
    "try.analyse": Who.TEACHER,
    "try.explain": Who.TEACHER,
    "try.page": Who.TEACHER,
}
"""Who may use each endpoint. One that is missing here is for administrators only."""

ROLES = {Role.VIEWER: Who.VIEWER, Role.TEACHER: Who.TEACHER, Role.ADMINISTRATOR: Who.ADMINISTRATOR}

NO_SUCH_ENDPOINT = Who.VIEWER  # only people who are signed in learn that an address does not exist
