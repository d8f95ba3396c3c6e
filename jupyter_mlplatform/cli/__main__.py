"""``python -m jupyter_mlplatform.cli`` is ``mlplat`` of this interpreter."""

from jupyter_mlplatform.cli import main

main()
