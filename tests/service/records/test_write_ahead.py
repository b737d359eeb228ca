"""The first connections to a new SQLite file, all at one moment: none is refused."""

from threading import Barrier, Thread

import pytest

from shared.records.db import make_engine

CONNECTIONS = 6


@pytest.mark.parametrize("number", range(30))
def test_first_connections_to_a_new_file_wait_for_each_other(tmp_path, number):
    together, refused = Barrier(CONNECTIONS), []

    def connect(place: int) -> None:
        engine = make_engine(f"sqlite:///{tmp_path}/new.sqlite", writer=place == 0)
        together.wait()
        try:
            with engine.connect() as connection:
                assert connection.exec_driver_sql("PRAGMA journal_mode").scalar() == "wal"
        except Exception as error:  # told by the test, not by a thread
            refused.append(error)
        engine.dispose()

    threads = [Thread(target=connect, args=(place,)) for place in range(CONNECTIONS)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert refused == []
